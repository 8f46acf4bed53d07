# The cheapest, for jobs that may wait: spot first, on demand once spot has failed for a minute, and
# a look a minute, which EC2's notices hasten.
module "dayfly" {
  source           = "../.."
  endpoint         = "acme.semaphoreci.com"
  scaler           = { path = "${path.module}/bootstrap.zip" }
  agent            = { path = "${path.module}/dayfly-agent" }
  public_addresses = true
  tick_seconds     = 60

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
