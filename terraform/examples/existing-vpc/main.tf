# Machines in private subnets behind a NAT gateway, with a budget, a boundary and a key of one's own.
module "dayfly" {
  source               = "../.."
  endpoint             = "acme.semaphoreci.com"
  scaler               = { path = "${path.module}/bootstrap.zip" }
  agent                = { path = "${path.module}/dayfly-agent" }
  vpc_id               = "vpc-0123456789abcdef0"
  subnets              = ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"]
  egress               = [{ port = 443 }]
  permissions_boundary = "arn:aws:iam::123456789012:policy/ci-boundary"
  kms_key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  dollars_per_hour_max = 4
  prices               = { "c7i.large" = 0.1019 }

  pools = {
    linux = { agent_type = "s1-linux", token_parameter = "/dayfly/linux", instance_types = ["c7i.large"] }
  }
}
