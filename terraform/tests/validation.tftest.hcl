# A wrong value is refused before anything is made: one run for each validation at least, which
# options.py counts.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "refuses_name" {
  command = plan
  variables {
    name = "Ci"
  }
  expect_failures = [var.name]
}

run "refuses_endpoint" {
  command = plan
  variables {
    endpoint = "https://acme.semaphoreci.com"
  }
  expect_failures = [var.endpoint]
}

run "refuses_mode" {
  command = plan
  variables {
    mode = "ecs"
  }
  expect_failures = [var.mode]
}

run "refuses_scaler_neither" {
  command = plan
  variables {
    scaler = {}
  }
  expect_failures = [var.scaler]
}

run "refuses_scaler_sha256" {
  command = plan
  variables {
    scaler = { url = "https://e.com/a", sha256 = "12" }
  }
  expect_failures = [var.scaler]
}

run "refuses_scaler_architecture" {
  command = plan
  variables {
    scaler = { path = "tests/program", architecture = "mips" }
  }
  expect_failures = [var.scaler]
}

run "refuses_agent_kind" {
  command = plan
  variables {
    agent = { kind = "other" }
  }
  expect_failures = [var.agent]
}

run "refuses_agent_both" {
  command = plan
  variables {
    agent = { path = "tests/program", url = "https://e.com/a", sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
  }
  expect_failures = [var.agent]
}

run "refuses_agent_http" {
  command = plan
  variables {
    agent = { url = "http://e.com/a" }
  }
  expect_failures = [var.agent]
}

run "refuses_pools_name" {
  command = plan
  variables {
    pools = { Linux = var.pools["linux"] }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_agent_type" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { agent_type = "a b" }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_token" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { token_parameter = "linux" }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_types" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { instance_types = [] }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_market" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { market = "cheap" }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_patience" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { spot_patience_seconds = 5 }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_reserve" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { reserve = -1 }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_reserve_hours" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { reserve_hours = [{ from = "8:00", until = "18:00", reserve = 1 }] }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_reserve_hours_days" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { reserve_hours = [{ days = ["workdays"], from = "08:00", until = "18:00", reserve = 1 }] }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_boot" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { boot_limit_seconds = 1 }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_speed" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { speed = "ludicrous" }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_waiting_minute_dollars" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { speed = "fast", waiting_minute_dollars = 0.05 }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_wait_p95_seconds" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { wait_p95_seconds = 0 }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_wait_p95_seconds_beside_another" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { wait_p95_seconds = 45, waiting_minute_dollars = 0.05 }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_idle" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { idle_timeout_seconds = 0 }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_spare" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { idle_timeout_seconds = 15, spare_timeout_seconds = 16 }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_image" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { image = "debian" }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_architecture" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { architecture = "mips" }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_disk" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { disk_gib = 1 }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_metadata" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { metadata = "on" }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_agent_kind" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { agent_kind = "x" }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_agent_url" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { agent_url = "https://e.com/a" }) }
  }
  expect_failures = [var.pools]
}

run "refuses_pools_subnets" {
  command = plan
  variables {
    pools = { linux = merge(var.pools["linux"], { subnets = [] }) }
  }
  expect_failures = [var.pools]
}

run "refuses_machines_max" {
  command = plan
  variables {
    machines_max = -1
  }
  expect_failures = [var.machines_max]
}

run "refuses_launches_per_hour_max" {
  command = plan
  variables {
    launches_per_hour_max = 0
  }
  expect_failures = [var.launches_per_hour_max]
}

run "refuses_dollars_per_hour_max_zero" {
  command = plan
  variables {
    dollars_per_hour_max = 0
    prices               = { "c7i.large" = 0.1 }
  }
  expect_failures = [var.dollars_per_hour_max]
}

run "refuses_dollars_per_hour_max_unpriced" {
  command = plan
  variables {
    dollars_per_hour_max = 1
  }
  expect_failures = [var.dollars_per_hour_max]
}

run "refuses_dollars_per_hour_max_ten" {
  command = plan
  variables {
    dollars_per_hour_max = 1
    prices               = { "c7i.large" = 0.1 }
    pools                = { for n in range(10) : "p${n}" => { agent_type = "s1-${n}", token_parameter = "/dayfly/linux", instance_types = ["c7i.large"] } }
  }
  expect_failures = [var.dollars_per_hour_max]
}

run "refuses_prices" {
  command = plan
  variables {
    prices = { "c7i.large" = 0 }
  }
  expect_failures = [var.prices]
}

run "refuses_tick_seconds" {
  command = plan
  variables {
    tick_seconds = 45
  }
  expect_failures = [var.tick_seconds]
}

run "refuses_tick_seconds_zero" {
  command = plan
  variables {
    tick_seconds = 0
  }
  expect_failures = [var.tick_seconds]
}

run "refuses_tick_seconds_fraction" {
  command = plan
  variables {
    tick_seconds = 2.5
  }
  expect_failures = [var.tick_seconds]
}

run "refuses_api_token_parameter" {
  command = plan
  variables {
    api_token_parameter = "x"
  }
  expect_failures = [var.api_token_parameter]
}

run "refuses_vpc_id" {
  command = plan
  variables {
    vpc_id  = "x"
    subnets = ["subnet-01"]
  }
  expect_failures = [var.vpc_id]
}

run "refuses_subnets_alone" {
  command = plan
  variables {
    subnets = ["subnet-01"]
  }
  expect_failures = [var.subnets]
}

run "refuses_subnets_none" {
  command = plan
  variables {
    vpc_id  = "vpc-01"
    subnets = []
  }
  expect_failures = [var.subnets]
}

run "refuses_subnets_service" {
  command = plan
  variables {
    mode    = "service"
    vpc_id  = "vpc-01"
    subnets = ["subnet-01"]
  }
  expect_failures = [var.subnets]
}

run "refuses_public_addresses" {
  command = plan
  variables {
    public_addresses = false
  }
  expect_failures = [var.public_addresses]
}

run "refuses_egress" {
  command = plan
  variables {
    egress = [{ port = 70000 }]
  }
  expect_failures = [var.egress]
}

run "refuses_service_type" {
  command = plan
  variables {
    service = { instance_type = "small" }
  }
  expect_failures = [var.service]
}

run "refuses_service_image" {
  command = plan
  variables {
    service = { image = "x" }
  }
  expect_failures = [var.service]
}

run "refuses_memory_mb" {
  command = plan
  variables {
    memory_mb = 64
  }
  expect_failures = [var.memory_mb]
}

run "refuses_permissions_boundary" {
  command = plan
  variables {
    permissions_boundary = "x"
  }
  expect_failures = [var.permissions_boundary]
}

run "refuses_kms_key_arn" {
  command = plan
  variables {
    kms_key_arn = "alias/x"
  }
  expect_failures = [var.kms_key_arn]
}

run "refuses_alarm_emails" {
  command = plan
  variables {
    alarm_emails = ["x"]
  }
  expect_failures = [var.alarm_emails]
}

run "refuses_alarm_limits" {
  command = plan
  variables {
    alarm_limits = { leaked_minutes = 0 }
  }
  expect_failures = [var.alarm_limits]
}

run "refuses_alarm_limits_launch_failures" {
  command = plan
  variables {
    alarm_limits = { launch_failures = 6 }
  }
  expect_failures = [var.alarm_limits]
}

run "refuses_log_retention_days" {
  command = plan
  variables {
    log_retention_days = 2
  }
  expect_failures = [var.log_retention_days]
}

run "refuses_tags" {
  command = plan
  variables {
    tags = { "dayfly:pool" = "x" }
  }
  expect_failures = [var.tags]
}

# Preconditions: what is known only once everything is rendered.
run "refuses_configuration_of_4_kb" {
  variables {
    pools = { for index in range(12) : "linux-${index}" => merge(var.pools["linux"], { agent_type = "s1-${index}" }) }
  }
  expect_failures = [aws_lambda_function.scaler]
}

run "refuses_user_data_of_16_kb" {
  command = plan
  variables {
    agent = { url = "https://e.com/${join("", [for index in range(1000) : "0123456789abcdef"])}", sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
  }
  expect_failures = [aws_launch_template.pool]
}
