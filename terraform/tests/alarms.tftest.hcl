# Every alarm is there, and rings at the topic.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "alarms" {
  variables {
    dollars_per_hour_max = 10
    prices               = { "c7i.large" = 0.1 }
  }
  assert {
    condition     = join(" ", sort(keys(aws_cloudwatch_metric_alarm.pool))) == "linux-breaker-open linux-leaked linux-queue-age linux-silent" && join(" ", sort(keys(aws_cloudwatch_metric_alarm.function))) == "dead-letters function-errors" && length(aws_cloudwatch_metric_alarm.launch_failures) == 1
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
    condition     = aws_cloudwatch_metric_alarm.pool["linux-queue-age"].threshold == 900 && aws_cloudwatch_metric_alarm.pool["linux-queue-age"].evaluation_periods == 1
    error_message = "A job that waits for fifteen minutes rings at once."
  }
  assert {
    condition     = [for alarm in values(aws_cloudwatch_metric_alarm.launch_failures) : [alarm.statistic, alarm.period, alarm.evaluation_periods, alarm.datapoints_to_alarm, alarm.comparison_operator, alarm.threshold]] == [["Sum", 60, 5, 5, "GreaterThanThreshold", 0]]
    error_message = "Launches that fail in each of five minutes ring, however often a minute they are tried."
  }
  assert {
    condition     = length(aws_sns_topic_subscription.alarms) == 0
    error_message = "Nobody is written to who is not named."
  }

  # metrics.json is what the program writes; a test of the program holds it equal. AWS's own
  # metrics stand in its own namespaces.
  assert {
    condition = alltrue([for metric in concat(
      flatten([for alarm in concat(values(aws_cloudwatch_metric_alarm.pool), aws_cloudwatch_metric_alarm.spend) : [for query in alarm.metric_query : [for metric in query.metric : { namespace = metric.namespace, name = metric.metric_name, dimensions = metric.dimensions }]]]),
      [for alarm in values(aws_cloudwatch_metric_alarm.launch_failures) : { namespace = alarm.namespace, name = alarm.metric_name, dimensions = alarm.dimensions }],
    ) : metric.namespace == jsondecode(file("tests/metrics.json")).namespace && contains(jsondecode(file("tests/metrics.json")).metrics, metric.name) && join(" ", keys(metric.dimensions)) == join(" ", jsondecode(file("tests/metrics.json")).dimensions) && metric.dimensions["Deployment"] == "ci" && metric.dimensions["Pool"] == "linux"])
    error_message = "An alarm reads a metric that the program does not write."
  }
  # An expression knows its metrics by their names in lower case, or of spend by a number.
  assert {
    condition = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.pool) : toset(regexall("[a-z]+", replace(one([for query in alarm.metric_query : query.expression if query.id == "verdict"]), "FILL", ""))) ==
    toset([for query in alarm.metric_query : query.id if query.id != "verdict"])])
    error_message = "An expression names a metric that its alarm does not read, or leaves one out."
  }
}

run "frugal" {
  variables {
    tick_seconds = 60
  }
  assert {
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.function : name => [alarm.namespace, alarm.metric_name, join(" ", keys(alarm.dimensions))] } == { dead-letters = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"], event-age = ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName"], function-errors = ["AWS/Lambda", "Errors", "FunctionName"] }
    error_message = "An alarm on the function reads what AWS does not write."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.function["dead-letters"].dimensions.QueueName == aws_sqs_queue.dead[0].name && aws_cloudwatch_metric_alarm.function["event-age"].dimensions.QueueName == aws_sqs_queue.events[0].name && aws_cloudwatch_metric_alarm.function["function-errors"].dimensions.FunctionName == aws_lambda_function.scaler[0].function_name
    error_message = "An alarm looks at another queue or function."
  }
  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.function) : contains(alarm.alarm_actions, aws_sns_topic.alarms.arn)])
    error_message = "An alarm does not reach the topic."
  }
}

run "limits" {
  variables {
    alarm_limits = { queue_age_minutes = 2, launch_failures = 3, leaked_minutes = 45 }
    alarm_emails = ["ci@example.com", "on-call@example.com"]
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.pool["linux-queue-age"].threshold == 120 && aws_cloudwatch_metric_alarm.launch_failures["linux"].datapoints_to_alarm == 3 && aws_cloudwatch_metric_alarm.pool["linux-leaked"].evaluation_periods == 45
    error_message = "Alarms ring when alarm_limits say."
  }
  assert {
    condition     = sort(values(aws_sns_topic_subscription.alarms)[*].endpoint) == tolist(["ci@example.com", "on-call@example.com"]) && alltrue([for subscription in values(aws_sns_topic_subscription.alarms) : subscription.topic_arn == aws_sns_topic.alarms.arn && subscription.protocol == "email"])
    error_message = "Whoever is named gets the alarms by mail."
  }
}

run "no_budget" {
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.spend) == 0
    error_message = "Without a budget there is no alarm on it."
  }
}
