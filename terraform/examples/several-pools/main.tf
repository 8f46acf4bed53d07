# A small pool with a reserve, a large one for builds with sudo, and one on arm64.
variable "agent_arm64" {
  description = "Where machines fetch dayfly-agent for arm64, built by you: url (https) and the sha256 of what is there, as sha256sum prints it."
  type        = object({ url = string, sha256 = string })
}

module "dayfly" {
  source              = "../.."
  name                = "builds"
  endpoint            = "acme.semaphoreci.com"
  scaler              = { path = "${path.module}/bootstrap.zip" }
  agent               = { path = "${path.module}/dayfly-agent" }
  api_token_parameter = "/dayfly/api-token"
  public_addresses    = true
  machines_max        = 60

  pools = {
    small = { agent_type = "s1-small", token_parameter = "/dayfly/small", instance_types = ["t3.medium"], reserve = 2 }
    large = { agent_type = "s1-large", token_parameter = "/dayfly/large", instance_types = ["c7i.4xlarge"], sudo = true, disk_gib = 100, machines_max = 10 }
    arm = {
      agent_type      = "s1-arm"
      token_parameter = "/dayfly/arm"
      instance_types  = ["c7g.large"]
      architecture    = "arm64"
      agent_url       = var.agent_arm64.url
      agent_sha256    = var.agent_arm64.sha256
    }
  }
}
