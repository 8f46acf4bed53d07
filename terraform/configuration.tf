# The scaler's configuration, as dayfly check reads it: JSON, and no token in it.

locals {
  configuration = jsonencode({ for key, value in {
    deployment            = var.name
    machines_max          = var.machines_max
    launches_per_hour_max = var.launches_per_hour_max
    dollars_per_hour_max  = var.dollars_per_hour_max == null ? null : tostring(var.dollars_per_hour_max)
    tick_seconds          = var.tick_seconds
    log_format            = "json"
    metrics               = "emf"
    hub = { for key, value in {
      endpoint  = var.endpoint
      api_token = var.api_token_parameter == null ? null : { parameter = var.api_token_parameter }
    } : key => value if value != null }
    cloud = { for key, value in {
      kind        = "ec2"
      region      = local.region
      lease_table = local.is_lambda ? null : aws_dynamodb_table.lease[0].name
      prices      = length(var.prices) == 0 ? null : { for type, price in var.prices : type => tostring(price) }
    } : key => value if value != null }
    pools = { for name, pool in var.pools : name => { for key, value in {
      agent_type                 = pool.agent_type
      registration_token         = { parameter = pool.token_parameter }
      machines_max               = pool.machines_max
      reserve                    = pool.reserve
      reserve_hours              = length(pool.reserve_hours) == 0 ? null : [for hours in pool.reserve_hours : { for key, value in hours : key => value if value != null }]
      speed                      = pool.waiting_minute_dollars == null && pool.wait_p95_seconds == null ? pool.speed : null
      waiting_minute_dollars     = pool.waiting_minute_dollars == null ? null : tostring(pool.waiting_minute_dollars)
      wait_p95_seconds           = pool.wait_p95_seconds
      boot_limit_seconds         = pool.boot_limit_seconds
      lifetime_seconds           = pool.lifetime_seconds
      idle_timeout_seconds       = pool.idle_timeout_seconds
      spare_timeout_seconds      = pool.spare_timeout_seconds
      interruption_grace_seconds = pool.interruption_grace_seconds
      launch_template            = { id = aws_launch_template.pool[name].id, version = aws_launch_template.pool[name].latest_version }
      image                      = startswith(local.machines[name].image, "/") ? { parameter = local.machines[name].image } : null
      instance_types             = pool.instance_types
      subnets                    = local.machines[name].subnets
      market                     = pool.market
      spot_patience_seconds      = pool.spot_patience_seconds
      # For dayfly render, which gives the user data of machines.tf.
      machine = { for key, value in {
        agent        = local.machines[name].agent
        agent_url    = local.machines[name].agent_url == "" ? null : local.machines[name].agent_url
        agent_sha256 = local.machines[name].agent_url == "" ? null : local.machines[name].agent_sha256
        metadata     = pool.metadata
        sudo         = pool.sudo
      } : key => value if value != null }
    } : key => value if value != null } }
  } : key => value if value != null })

  # The same without what dayfly render alone reads: a function's environment is small.
  configuration_of_scaler = jsonencode(merge(jsondecode(local.configuration), {
    pools = { for name, pool in jsondecode(local.configuration).pools : name => { for key, value in pool : key => value if key != "machine" } }
  }))
}
