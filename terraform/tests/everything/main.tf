# Every option of the module at once, none at its default where there is another: what is rendered
# here is checked by dayfly check, and options.py sees that nothing is left out.
module "dayfly" {
  source                = "../.."
  name                  = "everything"
  endpoint              = "hub.example.com:8443"
  mode                  = "service"
  scaler                = { url = "https://example.com/dayfly", sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", architecture = "x86_64" }
  agent                 = { kind = "dayfly", path = "${path.module}/dayfly-agent" }
  machines_max          = 40
  launches_per_hour_max = 200
  dollars_per_hour_max  = 7.5
  prices                = { "c7i.large" = 0.1019, "c7g.large" = 0.0829 }
  tick_seconds          = 15
  api_token_parameter   = "/dayfly/api-token"
  vpc_id                = "vpc-0123456789abcdef0"
  subnets               = ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"]
  public_addresses      = true
  egress                = [{ port = 443, cidr = "10.0.0.0/8" }]
  service               = { instance_type = "t3.micro", image = "ami-0123456789abcdef0" }
  memory_mb             = 256
  permissions_boundary  = "arn:aws:iam::123456789012:policy/ci-boundary"
  kms_key_arn           = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  alarm_emails          = ["ci@example.com"]
  alarm_limits          = { queue_age_minutes = 5, launch_failures = 3, leaked_minutes = 60 }
  dashboard             = false
  image_policy          = true
  log_retention_days    = 90
  tags                  = { team = "ci" }

  pools = {
    linux = {
      agent_type                 = "s1-linux"
      token_parameter            = "/dayfly/linux"
      instance_types             = ["c7i.large"]
      market                     = "spot-first"
      spot_patience_seconds      = 60
      machines_max               = 30
      reserve                    = 2
      reserve_hours              = [{ days = ["weekdays"], from = "07:45", until = "18:00", reserve = 5 }, { from = "22:00", until = "24:00", reserve = 3 }]
      speed                      = "fast"
      boot_limit_seconds         = 240
      lifetime_seconds           = 7200
      idle_timeout_seconds       = 60
      spare_timeout_seconds      = 30
      interruption_grace_seconds = 90
      image                      = "/dayfly/image"
      metadata                   = "guarded"
      sudo                       = true
      subnets                    = ["subnet-0123456789abcdef0"]
    }
    arm = {
      agent_type             = "s1-arm"
      waiting_minute_dollars = 0.05
      token_parameter        = "/dayfly/arm"
      instance_types         = ["c7g.large"]
      image                  = "ami-0123456789abcdef0"
      architecture           = "arm64"
      root_device            = "/dev/sda1"
      disk_gib               = 100
      agent_kind             = "semaphore"
      agent_url              = "https://example.com/agent"
      agent_sha256           = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    }
    small = {
      agent_type       = "s1-small"
      wait_p95_seconds = 45
      token_parameter  = "/dayfly/small"
      instance_types   = ["c7i.large"]
    }
  }
}
