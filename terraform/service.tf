# Mode service: two replicas over two zones, of which the lease's holder applies.

data "aws_ssm_parameter" "service_image" {
  count = !local.is_lambda && var.service.image == null ? 1 : 0
  name  = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.scaler.architecture}"
}

resource "aws_dynamodb_table" "lease" {
  count        = local.is_lambda ? 0 : 1
  name         = "${local.prefix}-lease"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "deployment"
  tags         = var.tags

  attribute {
    name = "deployment"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

resource "aws_security_group" "scaler" {
  count       = local.is_lambda ? 0 : 1
  name_prefix = "${local.prefix}-scaler-"
  description = "Dayfly scaler of ${var.name}: nothing comes in, HTTPS goes out"
  vpc_id      = local.vpc_id
  tags        = merge(var.tags, { Name = "${local.prefix}-scaler" })

  lifecycle {
    create_before_destroy = true
  }
}

# HTTPS to AWS and to the hub, which may listen elsewhere.
resource "aws_vpc_security_group_egress_rule" "scaler" {
  for_each          = local.is_lambda ? toset([]) : toset(distinct(["443", try(regex(":([0-9]+)$", var.endpoint)[0], "443")]))
  security_group_id = aws_security_group.scaler[0].id
  description       = "HTTPS to hub and AWS"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
  cidr_ipv4         = "0.0.0.0/0"
  tags              = var.tags
}

locals {
  service_user_data = local.is_lambda ? "" : templatefile("${path.module}/templates/service.yaml", {
    configuration = base64encode(local.configuration_of_scaler)
    unit          = filebase64("${path.module}/../systemd/dayfly.service")
    source        = local.scaler_in_bucket ? "s3://${aws_s3_bucket.programs[0].id}/${aws_s3_object.scaler[0].key}" : coalesce(var.scaler.url, "none")
    sha256        = local.scaler_in_bucket ? filesha256(var.scaler.path) : coalesce(var.scaler.sha256, "none")
    region        = local.region
    log_group     = aws_cloudwatch_log_group.scaler.name
  })
}

resource "aws_launch_template" "scaler" {
  count                  = local.is_lambda ? 0 : 1
  name                   = "${local.prefix}-scaler"
  description            = "Replicas of Dayfly's scaler"
  image_id               = var.service.image == null ? data.aws_ssm_parameter.service_image[0].value : var.service.image
  instance_type          = var.service.instance_type
  update_default_version = true
  user_data              = base64encode(local.service_user_data)
  tags                   = var.tags

  iam_instance_profile {
    arn = aws_iam_instance_profile.scaler[0].arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = 8
      encrypted             = true
      kms_key_id            = var.kms_key_arn
      delete_on_termination = true
    }
  }

  network_interfaces {
    device_index                = 0
    associate_public_ip_address = var.public_addresses
    delete_on_termination       = true
    security_groups             = [aws_security_group.scaler[0].id]
  }
}

resource "aws_autoscaling_group" "scaler" {
  count               = local.is_lambda ? 0 : 1
  name                = "${local.prefix}-scaler"
  min_size            = 2
  max_size            = 2
  vpc_zone_identifier = local.subnets
  health_check_type   = "EC2"

  launch_template {
    id      = aws_launch_template.scaler[0].id
    version = aws_launch_template.scaler[0].latest_version
  }

  # A change of the configuration comes by new replicas, one after the other: the lease moves.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 50
      instance_warmup        = 60
    }
  }

  dynamic "tag" {
    for_each = merge(var.tags, { Name = "${local.prefix}-scaler" })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  depends_on = [aws_iam_role_policy.scaler]
}
