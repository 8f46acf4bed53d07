# Programs that are files of the computer that runs Terraform, and that machines fetch.

locals {
  agent_in_bucket  = var.agent.path != null
  scaler_in_bucket = !local.is_lambda && var.scaler.path != null
  needs_bucket     = local.agent_in_bucket || local.scaler_in_bucket

  agent_key  = local.agent_in_bucket ? "agent/${filesha256(var.agent.path)}/${basename(var.agent.path)}" : ""
  scaler_key = local.scaler_in_bucket ? "scaler/${filesha256(var.scaler.path)}/dayfly" : ""
}

resource "aws_s3_bucket" "programs" {
  count         = local.needs_bucket ? 1 : 0
  bucket_prefix = "${local.prefix}-programs-"
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "programs" {
  count                   = local.needs_bucket ? 1 : 0
  bucket                  = aws_s3_bucket.programs[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "programs" {
  count  = local.needs_bucket ? 1 : 0
  bucket = aws_s3_bucket.programs[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# The key holds the checksum, so that a template never names another program than it was made for.
# A machine that boots while the program changes and comes too late for the old one powers off.
resource "aws_s3_object" "agent" {
  count  = local.agent_in_bucket ? 1 : 0
  bucket = aws_s3_bucket.programs[0].id
  key    = local.agent_key
  source = var.agent.path
  tags   = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_object" "scaler" {
  count  = local.scaler_in_bucket ? 1 : 0
  bucket = aws_s3_bucket.programs[0].id
  key    = local.scaler_key
  source = var.scaler.path
  tags   = var.tags

  lifecycle {
    create_before_destroy = true
  }
}
