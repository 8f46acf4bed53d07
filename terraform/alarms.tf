# What a person must know. Every alarm goes to the topic, when it rings and when it stops.

resource "aws_sns_topic" "alarms" {
  name              = "${local.prefix}-alarms"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each  = toset(var.alarm_emails)
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

locals {
  # Per pool. `expression` is over the metrics that `metrics` names, by the name in lower case; a
  # minute, and `minutes` of them in a row. `missing` is what a minute without data means.
  pool_kinds = {
    silent = {
      says       = "no successful decision for three minutes: read the scaler's log"
      metrics    = { TickMilliseconds = "SampleCount", HubSilent = "Minimum", CloudSilent = "Minimum" }
      expression = "FILL(tickmilliseconds, 0) * (1 - FILL(hubsilent, 1)) * (1 - FILL(cloudsilent, 1))"
      comparison = "LessThanOrEqualToThreshold"
      threshold  = 0
      minutes    = 3
      missing    = "breaching"
    }
    queue-age = {
      says       = "a job waits too long: dayfly explain says why"
      metrics    = { QueueAgeSeconds = "Maximum" }
      expression = "queueageseconds"
      comparison = "GreaterThanThreshold"
      threshold  = 60 * var.alarm_limits.queue_age_minutes
      minutes    = 1
      missing    = "missing"
    }
    breaker-open = {
      says       = "the pool cannot launch: boots keep failing, the cloud refuses, or there is no capacity"
      metrics    = { LaunchBlocked = "Maximum" }
      expression = "launchblocked"
      comparison = "GreaterThanOrEqualToThreshold"
      threshold  = 1
      minutes    = 3
      missing    = "missing"
    }
    leaked = {
      says       = "machines live without an agent that is known: look at them, then at the image's way out"
      metrics    = { Alive = "Minimum", Booting = "Maximum", Waiting = "Maximum", Running = "Maximum" }
      expression = "alive - booting - waiting - running"
      comparison = "GreaterThanThreshold"
      threshold  = 0
      minutes    = var.alarm_limits.leaked_minutes
      missing    = "notBreaching"
    }
  }
  pool_alarms = merge([for pool in keys(var.pools) : { for kind, alarm in local.pool_kinds : "${pool}-${kind}" => merge(alarm, { pool = pool }) }]...)

  function_alarms = !local.is_lambda ? {} : merge(
    {
      function-errors = { says = "the function fails: its log and the dead letters say why", namespace = "AWS/Lambda", metric = "Errors", statistic = "Sum", dimensions = { FunctionName = aws_lambda_function.scaler[0].function_name }, threshold = 0, minutes = 3 }
      dead-letters    = { says = "invocations were lost: read the queue ${aws_sqs_queue.dead[0].name}, then purge it", namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", dimensions = { QueueName = aws_sqs_queue.dead[0].name }, threshold = 0, minutes = 1 }
    },
    !local.is_frugal ? {} : {
      event-age = { says = "the function does not take EC2's events", namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", statistic = "Maximum", dimensions = { QueueName = aws_sqs_queue.events[0].name }, threshold = 180, minutes = 3 }
    },
  )

  # The dearest type of a pool stands for all of its machines: an upper bound.
  dearest = { for name, pool in var.pools : name => max([for type in pool.instance_types : lookup(var.prices, type, 0)]...) }
}

resource "aws_cloudwatch_metric_alarm" "pool" {
  for_each = local.pool_alarms

  alarm_name          = "${local.prefix}-${each.key}"
  alarm_description   = "Dayfly ${var.name}, pool ${each.value.pool}: ${each.value.says}"
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = each.value.minutes
  datapoints_to_alarm = each.value.minutes
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = lower(metric_query.key)

      metric {
        namespace   = "Dayfly"
        metric_name = metric_query.key
        stat        = metric_query.value
        period      = 60
        dimensions  = { Deployment = var.name, Pool = each.value.pool }
      }
    }
  }

  metric_query {
    id          = "verdict"
    expression  = each.value.expression
    label       = each.value.says
    return_data = true
  }
}

# Minutes are counted, and not failures: a launch that is throttled is tried again at every tick,
# and ticks come at any pace.
resource "aws_cloudwatch_metric_alarm" "launch_failures" {
  for_each = var.pools

  alarm_name          = "${local.prefix}-${each.key}-launch-failures"
  alarm_description   = "Dayfly ${var.name}, pool ${each.key}: launches fail again and again; the scaler's log has the cloud's words"
  namespace           = "Dayfly"
  metric_name         = "LaunchesFailed"
  dimensions          = { Deployment = var.name, Pool = each.key }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = var.alarm_limits.launch_failures
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.function_alarms

  alarm_name          = "${local.prefix}-${each.key}"
  alarm_description   = "Dayfly ${var.name}: ${each.value.says}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = each.value.minutes
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "spend" {
  count = var.dollars_per_hour_max == null ? 0 : 1

  alarm_name          = "${local.prefix}-spend"
  alarm_description   = "Dayfly ${var.name}: the machines cost up to four fifths of what an hour may cost"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = try(var.dollars_per_hour_max * 0.8, 0)
  evaluation_periods  = 5
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags

  dynamic "metric_query" {
    for_each = local.spend_ids

    content {
      id = metric_query.value

      metric {
        namespace   = "Dayfly"
        metric_name = "Alive"
        stat        = "Maximum"
        period      = 60
        dimensions  = { Deployment = var.name, Pool = metric_query.key }
      }
    }
  }

  metric_query {
    id          = "dollars"
    expression  = local.spend
    label       = "Dollars an hour, at most"
    return_data = true
  }
}

locals {
  spend_ids = { for index, name in sort(keys(var.pools)) : name => "alive${index}" }
  spend     = join(" + ", [for name, id in local.spend_ids : "FILL(${id}, 0) * ${local.dearest[name]}"])
}
