# Mode lambda: the scaler as a function that nobody can run twice at the same time.

resource "terraform_data" "program" {
  count            = local.is_lambda && var.scaler.url != null ? 1 : 0
  triggers_replace = [var.scaler.url, var.scaler.sha256]

  # Curl has the bytes, sha256sum the last word: what is not what was named is removed again.
  provisioner "local-exec" {
    command = "mkdir -p \"$FOLDER\" && curl --fail --silent --show-error --location --proto '=https' --output \"$FILE\" \"$URL\" && { echo \"$SHA256  $FILE\" | sha256sum --check --quiet || { rm -f \"$FILE\"; exit 1; }; }"
    environment = {
      FOLDER = local.program_folder
      FILE   = local.program
      URL    = var.scaler.url
      SHA256 = var.scaler.sha256
    }
  }
}

locals {
  program_folder = "${path.root}/.terraform/dayfly"
  program        = var.scaler.path != null ? var.scaler.path : "${local.program_folder}/${coalesce(var.scaler.sha256, "none")}.zip"
}

resource "aws_lambda_function" "scaler" {
  count = local.is_lambda ? 1 : 0

  function_name    = local.prefix
  description      = "Dayfly's scaler for ${var.name}"
  role             = aws_iam_role.scaler.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.scaler.architecture]
  filename         = local.program
  source_code_hash = var.scaler.path != null ? filesha256(var.scaler.path) : var.scaler.sha256
  memory_size      = var.memory_mb
  timeout          = local.timeout
  kms_key_arn      = var.kms_key_arn
  tags             = var.tags

  # Two scalers that both believe to be alone would launch a batch more than is needed.
  reserved_concurrent_executions = 1

  environment {
    variables = {
      DAYFLY_CONFIG_JSON = local.configuration_of_scaler
    }
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.scaler.name
  }

  depends_on = [aws_iam_role_policy.scaler, terraform_data.program]

  lifecycle {
    precondition {
      condition     = length(local.configuration_of_scaler) <= 4000
      error_message = "The configuration is longer than the 4 KB that Lambda allows: use fewer pools, subnets or prices, or mode \"service\"."
    }
  }
}

# The next minute is the retry: an invocation that failed is not repeated, and is written down.
resource "aws_lambda_function_event_invoke_config" "scaler" {
  count                        = local.is_lambda ? 1 : 0
  function_name                = aws_lambda_function.scaler[0].function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead[0].arn
    }
  }
}
