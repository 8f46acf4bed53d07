# What wakes the function: a schedule, and where it looks once a minute a queue of EC2's events that
# hasten it.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "default" {
  assert {
    condition     = jsondecode(output.configuration).tick_seconds == 3 && !local.is_frugal
    error_message = "Unless somebody says otherwise, it looks every three seconds."
  }
  assert {
    condition     = length(aws_sqs_queue.events) + length(aws_sqs_queue_policy.events) + length(aws_cloudwatch_event_rule.machine) + length(aws_cloudwatch_event_target.machine) + length(aws_lambda_event_source_mapping.events) == 0 && !contains(local.scaler_statements[*].Sid, "TakeEvents")
    error_message = "Who ticks all the time needs no queue of events, and no right to one."
  }
  assert {
    condition     = aws_scheduler_schedule.tick[0].schedule_expression == "rate(1 minute)" && aws_scheduler_schedule.tick[0].target[0].arn == aws_lambda_function.scaler[0].arn && aws_scheduler_schedule.tick[0].target[0].role_arn == aws_iam_role.schedule[0].arn
    error_message = "The function is called every minute."
  }
  assert {
    condition     = aws_scheduler_schedule.tick[0].target[0].retry_policy[0].maximum_retry_attempts == 0 && aws_lambda_function_event_invoke_config.scaler[0].maximum_retry_attempts == 0
    error_message = "The next minute is the retry."
  }
  assert {
    condition     = aws_scheduler_schedule.tick[0].target[0].dead_letter_config[0].arn == aws_sqs_queue.dead[0].arn && aws_lambda_function_event_invoke_config.scaler[0].destination_config[0].on_failure[0].destination == aws_sqs_queue.dead[0].arn && aws_sqs_queue.dead[0].message_retention_seconds == 1209600
    error_message = "What is lost is written down, for two weeks."
  }
  assert {
    condition     = aws_lambda_function.scaler[0].reserved_concurrent_executions == 1 && aws_lambda_function.scaler[0].timeout == 58
    error_message = "One function at a time, which ends before the next call."
  }
  assert {
    condition     = aws_lambda_function.scaler[0].environment[0].variables["DAYFLY_CONFIG_JSON"] == local.configuration_of_scaler && aws_lambda_function.scaler[0].memory_size == 128 && tolist(aws_lambda_function.scaler[0].architectures) == tolist(["arm64"]) && aws_lambda_function.scaler[0].source_code_hash == filesha256("tests/program")
    error_message = "The function is the program that was named, with its configuration."
  }
}

run "frugal" {
  variables {
    tick_seconds = 60
  }
  assert {
    condition     = jsondecode(output.configuration).tick_seconds == 60 && length(aws_scheduler_schedule.tick) == 1 && length(aws_sqs_queue.dead) == 1 && aws_lambda_function.scaler[0].reserved_concurrent_executions == 1
    error_message = "A look a minute has the same schedule, and one function at a time."
  }
  assert {
    condition     = toset(flatten([for rule in values(aws_cloudwatch_event_rule.machine) : jsondecode(rule.event_pattern)["detail-type"]])) == toset(["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation", "EC2 Instance State-change Notification"]) && toset(jsondecode(aws_cloudwatch_event_rule.machine["end"].event_pattern).detail.state) == toset(["shutting-down", "terminated"])
    error_message = "Spot's notices and ends hasten a tick."
  }
  assert {
    condition     = alltrue([for target in values(aws_cloudwatch_event_target.machine) : target.arn == aws_sqs_queue.events[0].arn]) && length(aws_cloudwatch_event_target.machine) == 2
    error_message = "Every event goes into the queue."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_policy.events[0].policy).Statement == [{ Sid = "EventsOfMachines", Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sqs:SendMessage", Resource = aws_sqs_queue.events[0].arn, Condition = { ArnEquals = { "aws:SourceArn" = [for rule in aws_cloudwatch_event_rule.machine : rule.arn] } } }]
    error_message = "Only our rules write into the queue."
  }
  assert {
    condition     = aws_lambda_event_source_mapping.events[0].event_source_arn == aws_sqs_queue.events[0].arn && contains(aws_lambda_event_source_mapping.events[0].function_response_types, "ReportBatchItemFailures") && aws_sqs_queue.events[0].message_retention_seconds == 300 && aws_sqs_queue.events[0].visibility_timeout_seconds >= aws_lambda_function.scaler[0].timeout
    error_message = "The function takes the events, and old ones go."
  }
  assert {
    condition     = [for statement in local.scaler_statements : statement.Resource if statement.Sid == "TakeEvents"] == [[aws_sqs_queue.events[0].arn]]
    error_message = "The function may take the events of this queue alone."
  }
}

run "slowest" {
  variables {
    tick_seconds = 30
    memory_mb    = 256
  }
  assert {
    condition     = length(aws_sqs_queue.events) + length(aws_cloudwatch_event_rule.machine) + length(aws_lambda_event_source_mapping.events) == 0 && length(aws_sqs_queue.dead) == 1 && length(aws_scheduler_schedule.tick) == 1
    error_message = "Who ticks all the time needs no queue of events, and a schedule all the same."
  }
  assert {
    condition     = jsondecode(output.configuration).tick_seconds == 30 && aws_lambda_function.scaler[0].memory_size == 256
    error_message = "Pace and memory are those that were named."
  }
}

run "fastest" {
  command = plan
  variables {
    tick_seconds = 1
  }
  assert {
    condition     = length(aws_sqs_queue.events) == 0 && length(aws_scheduler_schedule.tick) == 1
    error_message = "Every second is a pace like any other."
  }
}

run "service" {
  variables {
    mode = "service"
  }
  assert {
    condition     = length(aws_scheduler_schedule.tick) + length(aws_sqs_queue.dead) + length(aws_sqs_queue.events) + length(aws_cloudwatch_event_rule.machine) + length(aws_cloudwatch_metric_alarm.function) == 0
    error_message = "A service needs nobody who wakes it."
  }
}
