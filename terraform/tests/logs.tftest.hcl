# One log group, which the scaler alone writes, and which has an end.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "function" {
  assert {
    condition     = aws_cloudwatch_log_group.scaler.name == "/dayfly/ci" && aws_cloudwatch_log_group.scaler.retention_in_days == 30
    error_message = "The log is kept for thirty days."
  }
  # The lines of metrics are at the level of the log: without INFO there would be no alarm.
  assert {
    condition     = aws_lambda_function.scaler[0].logging_config[0].log_group == aws_cloudwatch_log_group.scaler.name && aws_lambda_function.scaler[0].logging_config[0].application_log_level == "INFO" && jsondecode(output.configuration).metrics == "emf"
    error_message = "The function writes metrics, and into our group."
  }
  assert {
    condition     = [for statement in local.scaler_statements : statement.Resource if statement.Sid == "WriteItsLog"] == [["${aws_cloudwatch_log_group.scaler.arn}:*"]]
    error_message = "The scaler writes into its own group alone."
  }
}

run "kept" {
  variables {
    log_retention_days = 365
    kms_key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    name               = "builds"
  }
  assert {
    condition     = aws_cloudwatch_log_group.scaler.name == "/dayfly/builds" && aws_cloudwatch_log_group.scaler.retention_in_days == 365 && aws_cloudwatch_log_group.scaler.kms_key_id == var.kms_key_arn
    error_message = "Name, end and key are those that were named."
  }
}
