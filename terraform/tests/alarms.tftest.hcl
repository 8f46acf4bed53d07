# Every alarm is there, and rings at the topic.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  endpoint         = "acme.semaphoreci.com"
  scaler           = { path = "tests/program" }
  agent            = { path = "tests/program" }
  public_addresses = true
  pools = {
    linux = { agent_type = "s1-linux", token_parameter = "/dayfly/linux", instance_types = ["c7i.large"] }
  }
}

run "alarms" {
  variables {
    dollars_per_hour_max = 10
    prices               = { "c7i.large" = 0.1 }
  }
  assert {
    condition     = join(" ", sort(keys(aws_cloudwatch_metric_alarm.pool))) == "linux-breaker-open linux-leaked linux-queue-age linux-silent" && join(" ", sort(keys(aws_cloudwatch_metric_alarm.function))) == "dead-letters event-age function-errors" && length(aws_cloudwatch_metric_alarm.launch_failures) == 1
    error_message = "An alarm is missing."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.spend[0].threshold == 8 && local.spend == "FILL(alive0, 0) * 0.1"
    error_message = "Spend rings at four fifths."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.pool["linux-silent"].evaluation_periods == 3 && aws_cloudwatch_metric_alarm.pool["linux-silent"].treat_missing_data == "breaching"
    error_message = "Silence of three minutes rings, also when there are no numbers at all."
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.pool), values(aws_cloudwatch_metric_alarm.function), aws_cloudwatch_metric_alarm.spend) : contains(alarm.alarm_actions, aws_sns_topic.alarms.arn)])
    error_message = "An alarm does not reach the topic."
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets) == 6 && aws_cloudwatch_log_group.scaler.retention_in_days == 30
    error_message = "The dashboard has six widgets, and the log an end."
  }
}

run "steady" {
  variables {
    tick_seconds = 10
  }
  assert {
    condition     = length(aws_sqs_queue.events) == 0 && length(aws_sqs_queue.dead) == 1 && length(aws_cloudwatch_metric_alarm.spend) == 0
    error_message = "Who ticks all the time needs no queue of events; without a budget there is no alarm on it."
  }
}
