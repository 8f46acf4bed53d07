# A small pool with a reserve, a large one for builds with sudo, and one on arm64.
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
      agent_url       = "https://example.com/dayfly-agent-arm64"
      agent_sha256    = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    }
  }
}
