# Machines with Semaphore's own agent, from its release.
variable "agent_sha256" {
  description = "The SHA-256 of agent_Linux_x86_64.tar.gz: its line in agent_checksums.txt, an asset of the same release at github.com/semaphoreci/agent/releases."
  type        = string
}

module "dayfly" {
  source           = "../.."
  endpoint         = "acme.semaphoreci.com"
  scaler           = { path = "${path.module}/bootstrap.zip" }
  public_addresses = true

  agent = {
    kind   = "semaphore"
    url    = "https://github.com/semaphoreci/agent/releases/download/v2.2.0/agent_Linux_x86_64.tar.gz"
    sha256 = var.agent_sha256
  }

  pools = {
    linux = { agent_type = "s1-linux", token_parameter = "/dayfly/linux", instance_types = ["c7i.large"] }
  }
}
