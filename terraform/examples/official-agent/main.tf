# Machines with Semaphore's own agent, from its release.
module "dayfly" {
  source           = "../.."
  endpoint         = "acme.semaphoreci.com"
  scaler           = { path = "${path.module}/bootstrap.zip" }
  public_addresses = true

  agent = {
    kind   = "semaphore"
    url    = "https://github.com/semaphoreci/agent/releases/download/v2.2.0/agent_Linux_x86_64.tar.gz"
    sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" # that of the release you take
  }

  pools = {
    linux = { agent_type = "s1-linux", token_parameter = "/dayfly/linux", instance_types = ["c7i.large"] }
  }
}
