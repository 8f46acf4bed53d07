# Where machines are, and what they may reach. Nothing may reach them.

data "aws_vpc" "default" {
  count   = var.vpc_id == null ? 1 : 0
  default = true
}

# One subnet for each zone: a fleet cannot name two of one zone.
data "aws_subnets" "default" {
  count = var.vpc_id == null ? 1 : 0

  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default[0].id]
  }
  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

locals {
  vpc_id  = var.vpc_id == null ? data.aws_vpc.default[0].id : var.vpc_id
  subnets = var.subnets == null ? slice(sort(data.aws_subnets.default[0].ids), 0, min(10, length(data.aws_subnets.default[0].ids))) : var.subnets
}

resource "aws_security_group" "machines" {
  name_prefix = "${local.prefix}-machines-"
  description = "Dayfly machines of ${var.name}: nothing comes in"
  vpc_id      = local.vpc_id
  tags        = merge(var.tags, { Name = "${local.prefix}-machines" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "machines" {
  for_each = { for rule in var.egress : "${rule.port} ${rule.cidr}" => rule }

  security_group_id = aws_security_group.machines.id
  description       = "Egress that the variable egress names"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port == 0 ? 65535 : each.value.port
  cidr_ipv4         = each.value.cidr
  tags              = var.tags
}
