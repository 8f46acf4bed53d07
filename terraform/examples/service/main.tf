# Two replicas on machines of their own instead of a function: one applies, the other takes over.
module "dayfly" {
  source           = "../.."
  mode             = "service"
  endpoint         = "acme.semaphoreci.com"
  scaler           = { path = "${path.module}/dayfly" }
  agent            = { path = "${path.module}/dayfly-agent" }
  public_addresses = true

  pools = {
    linux = { agent_type = "s1-linux", token_parameter = "/dayfly/linux", instance_types = ["c7i.large"] }
  }
}
