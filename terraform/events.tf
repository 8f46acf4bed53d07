# Mode lambda: what wakes the function. The schedule is enough; where it looks once a minute, EC2's
# events make it faster.

resource "aws_scheduler_schedule" "tick" {
  count       = local.is_lambda ? 1 : 0
  name        = local.prefix
  description = "Wakes Dayfly's scaler every minute"

  schedule_expression = "rate(1 minute)"
  kms_key_arn         = var.kms_key_arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.scaler[0].arn
    role_arn = aws_iam_role.schedule[0].arn
    input    = jsonencode({ source = "schedule" })

    dead_letter_config {
      arn = aws_sqs_queue.dead[0].arn
    }

    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }
}

# Invocations that failed, or that the schedule could not make. Nothing reads it: it is there to
# ring, and to be looked at.
resource "aws_sqs_queue" "dead" {
  count                     = local.is_lambda ? 1 : 0
  name                      = "${local.prefix}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  tags                      = var.tags
}

# Events that are old say nothing: the tick has seen what they tell. So they live for five minutes
# and go nowhere afterwards.
resource "aws_sqs_queue" "events" {
  count                      = local.is_frugal ? 1 : 0
  name                       = "${local.prefix}-events"
  message_retention_seconds  = 300
  visibility_timeout_seconds = local.timeout
  sqs_managed_sse_enabled    = var.kms_key_arn == null ? true : null
  kms_master_key_id          = var.kms_key_arn
  tags                       = var.tags
}

locals {
  # As text, because the two patterns have different shapes.
  events = { for name, pattern in {
    interruption = jsonencode({ source = ["aws.ec2"], detail-type = ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"] })
    end          = jsonencode({ source = ["aws.ec2"], detail-type = ["EC2 Instance State-change Notification"], detail = { state = ["shutting-down", "terminated"] } })
  } : name => pattern if local.is_frugal }
}

resource "aws_cloudwatch_event_rule" "machine" {
  for_each      = local.events
  name          = "${local.prefix}-${each.key}"
  description   = "A machine's ${each.key} hastens Dayfly's next look"
  event_pattern = each.value
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "machine" {
  for_each = local.events
  rule     = aws_cloudwatch_event_rule.machine[each.key].name
  arn      = aws_sqs_queue.events[0].arn
}

resource "aws_sqs_queue_policy" "events" {
  count     = local.is_frugal ? 1 : 0
  queue_url = aws_sqs_queue.events[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EventsOfMachines"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.events[0].arn
      Condition = { ArnEquals = { "aws:SourceArn" = [for rule in aws_cloudwatch_event_rule.machine : rule.arn] } }
    }]
  })
}

resource "aws_lambda_event_source_mapping" "events" {
  count                              = local.is_frugal ? 1 : 0
  event_source_arn                   = aws_sqs_queue.events[0].arn
  function_name                      = aws_lambda_function.scaler[0].arn
  batch_size                         = 100
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = var.tags

  depends_on = [aws_iam_role_policy.scaler]
}
