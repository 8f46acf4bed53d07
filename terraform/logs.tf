# One group for the scaler, whether function or service. Its metrics are lines of its log.

resource "aws_cloudwatch_log_group" "scaler" {
  name              = "/dayfly/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}
