# Spot first, and on demand once spot has failed for a minute; a look every ten seconds.
module "dayfly" {
  source           = "../.."
  endpoint         = "acme.semaphoreci.com"
  scaler           = { path = "${path.module}/bootstrap.zip" }
  agent            = { path = "${path.module}/dayfly-agent" }
  public_addresses = true
  tick_seconds     = 10

  pools = {
    linux = {
      agent_type                 = "s1-linux"
      token_parameter            = "/dayfly/linux"
      instance_types             = ["c7i.large", "c7a.large", "m7i.large"]
      market                     = "spot-first"
      spot_patience_seconds      = 60
      interruption_grace_seconds = 90
      metadata                   = "guarded" # spot notices reach the machine
    }
  }
}
