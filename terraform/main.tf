# Names and places that the other files share.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region

  prefix    = "dayfly-${var.name}"
  arn_ec2   = "arn:${local.partition}:ec2:${local.region}:${local.account}"
  arn_ssm   = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter"
  is_lambda = var.mode == "lambda"
  # A look a minute is one tick in an invocation, and messages hasten the next. At any other pace the
  # function ticks all the time, and messages would find it busy.
  is_frugal = local.is_lambda && var.tick_seconds == 60
  timeout   = 58
}
