# What each pool's machines are made of. A change makes a new version, and the scaler names
# versions: machines that live are not touched.

locals {
  default_images = {
    arm64  = "/aws/service/debian/release/13/latest/arm64"
    x86_64 = "/aws/service/debian/release/13/latest/amd64"
  }

  machines = { for name, pool in var.pools : name => {
    image        = coalesce(pool.image, local.default_images[pool.architecture])
    subnets      = pool.subnets == null ? local.subnets : pool.subnets
    agent        = coalesce(pool.agent_kind, var.agent.kind)
    agent_url    = pool.agent_url != null ? pool.agent_url : local.agent_in_bucket ? "s3://${aws_s3_bucket.programs[0].id}/${aws_s3_object.agent[0].key}" : var.agent.url != null ? var.agent.url : ""
    agent_sha256 = pool.agent_url != null ? pool.agent_sha256 : local.agent_in_bucket ? filesha256(var.agent.path) : var.agent.url != null ? var.agent.sha256 : ""
    from_bucket  = pool.agent_url == null && local.agent_in_bucket
  } }

  # Without the lines that explain it, and with less indentation: EC2 takes 16 KB.
  user_data = { for name, text in local.user_data_explained : name =>
    replace(replace(text, "/(?m)^ *# .*\\n/", ""), "/(?m)^    /", "   ")
  }

  user_data_explained = { for name, pool in var.pools : name => templatefile("${path.module}/../cloud-init/user-data.yaml", {
    endpoint                   = var.endpoint
    region                     = local.region
    token_parameter            = pool.token_parameter
    agent                      = local.machines[name].agent
    agent_url                  = local.machines[name].agent_url
    agent_sha256               = local.machines[name].agent_sha256
    metadata                   = pool.metadata
    boot_limit_seconds         = tostring(pool.boot_limit_seconds)
    lifetime_seconds           = tostring(pool.lifetime_seconds)
    idle_timeout_seconds       = tostring(pool.idle_timeout_seconds)
    interruption_grace_seconds = tostring(pool.interruption_grace_seconds)
    sudo                       = tostring(pool.sudo)
  }) }
}

resource "aws_launch_template" "pool" {
  for_each = var.pools

  name        = "${local.prefix}-${each.key}"
  description = "Machines of Dayfly's pool ${each.key}"
  # An image that a parameter names is read by the scaler before each launch.
  image_id               = startswith(local.machines[each.key].image, "ami-") ? local.machines[each.key].image : null
  update_default_version = true
  user_data              = base64encode(local.user_data[each.key])

  # Powering off is how a machine ends itself: it needs no right for it.
  instance_initiated_shutdown_behavior = "terminate"

  iam_instance_profile {
    arn = aws_iam_instance_profile.machine[each.key].arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    # The launch tells by a tag how long the agent waits for a job. No tag holds a secret.
    instance_metadata_tags = "enabled"
  }

  block_device_mappings {
    device_name = each.value.root_device

    ebs {
      volume_type           = "gp3"
      volume_size           = each.value.disk_gib
      encrypted             = true
      kms_key_id            = var.kms_key_arn
      delete_on_termination = true
    }
  }

  network_interfaces {
    device_index                = 0
    associate_public_ip_address = var.public_addresses
    delete_on_termination       = true
    security_groups             = [aws_security_group.machines.id]
  }

  tags = var.tags

  lifecycle {
    precondition {
      condition     = length(base64encode(local.user_data[each.key])) <= 21848
      error_message = "The user data of pool ${each.key} is longer than 16 KB, which EC2 does not take."
    }
  }
}
