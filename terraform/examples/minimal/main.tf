module "dayfly" {
  source           = "../.."
  endpoint         = "acme.semaphoreci.com"
  scaler           = { path = "${path.module}/bootstrap.zip" } # lambda/build makes it
  agent            = { path = "${path.module}/dayfly-agent" }
  alarm_emails     = ["ci@example.com"]
  public_addresses = true # the default VPC has no other way out

  pools = {
    linux = { agent_type = "s1-linux", token_parameter = "/dayfly/linux", instance_types = ["c7i.large", "m7i.large"] }
  }
}
