# Who may do what. Every statement that changes something names what it may change, and carries a
# condition; docs/DEPLOY.md says for each why it is needed, and a test holds the two equal.

locals {
  ours_by_tag     = { "aws:ResourceTag/dayfly:deployment" = var.name }
  ours_by_request = { "aws:RequestTag/dayfly:deployment" = var.name }
  our_account     = { "aws:ResourceAccount" = local.account }

  token_arns = { for name, pool in var.pools : name => "${local.arn_ssm}${pool.token_parameter}" }
  image_arns = distinct([
    for machine in values(local.machines) :
    startswith(machine.image, "/aws/") ? "arn:${local.partition}:ssm:${local.region}::parameter${machine.image}" : "${local.arn_ssm}${machine.image}"
    if startswith(machine.image, "/")
  ])
  template_arns = [for name in sort(keys(var.pools)) : aws_launch_template.pool[name].arn]
  subnet_arns   = [for subnet in sort(distinct(flatten(values(local.machines)[*].subnets))) : "${local.arn_ec2}:subnet/${subnet}"]
  # Images and snapshots have the account of whoever made them, which only the templates know.
  image_and_snapshot_arns = ["arn:${local.partition}:ec2:${local.region}::image/*", "arn:${local.partition}:ec2:${local.region}::snapshot/*"]

  trust = { for service in ["ec2", "lambda", "scheduler"] : service => jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      { Effect = "Allow", Principal = { Service = "${service}.amazonaws.com" }, Action = "sts:AssumeRole" },
      service == "scheduler" ? { Condition = { StringEquals = { "aws:SourceAccount" = local.account } } } : {},
    )]
  }) }

  machine_statements = { for name, pool in var.pools : name => concat(
    [{
      Sid      = "ReadItsToken"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter"]
      Resource = [local.token_arns[name]]
    }],
    var.kms_key_arn == null ? [] : [{
      Sid       = "DecryptItsToken"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = "ssm.${local.region}.amazonaws.com", "kms:EncryptionContext:PARAMETER_ARN" = local.token_arns[name] } }
    }],
    # One way: nothing turns it on again, and no other machine's is touched.
    pool.metadata != "off" ? [] : [{
      Sid      = "TurnItsMetadataOff"
      Effect   = "Allow"
      Action   = ["ec2:ModifyInstanceMetadataOptions"]
      Resource = ["${local.arn_ec2}:instance/*"]
      Condition = {
        ArnEquals    = { "ec2:SourceInstanceARN" = "${local.arn_ec2}:instance/$${ec2:InstanceID}" }
        StringEquals = merge(local.ours_by_tag, { "ec2:Attribute/HttpEndpoint" = "disabled" })
      }
    }],
    !local.machines[name].from_bucket ? [] : [{
      Sid      = "FetchTheAgent"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${aws_s3_bucket.programs[0].arn}/${local.agent_key}"]
    }],
  ) }

  scaler_statements = concat(
    [
      {
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "ec2:DescribeInstanceTypes",
          "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeSpotPriceHistory", "ec2:DescribeSubnets",
          "servicequotas:GetServiceQuota",
        ]
        Resource = ["*"]
      },
      {
        Sid       = "ReadConsoles"
        Effect    = "Allow"
        Action    = ["ec2:GetConsoleOutput"]
        Resource  = ["${local.arn_ec2}:instance/*"]
        Condition = { StringEquals = local.ours_by_tag }
      },
      {
        Sid       = "AskForFleets"
        Effect    = "Allow"
        Action    = ["ec2:CreateFleet"]
        Resource  = concat(["${local.arn_ec2}:fleet/*", aws_security_group.machines.arn], local.template_arns, local.subnet_arns, local.image_and_snapshot_arns, [for kind in ["instance", "network-interface", "spot-instances-request", "volume"] : "${local.arn_ec2}:${kind}/*"])
        Condition = { StringEquals = { "aws:RequestedRegion" = local.region } }
      },
      {
        Sid      = "LaunchMachines"
        Effect   = "Allow"
        Action   = ["ec2:RunInstances"]
        Resource = ["${local.arn_ec2}:instance/*"]
        Condition = {
          ArnEquals    = { "ec2:LaunchTemplate" = local.template_arns }
          StringEquals = merge(local.ours_by_request, { "ec2:MetadataHttpTokens" = "required" })
        }
      },
      {
        Sid       = "LaunchFromTemplates"
        Effect    = "Allow"
        Action    = ["ec2:RunInstances"]
        Resource  = concat([aws_security_group.machines.arn], local.template_arns, local.subnet_arns, local.image_and_snapshot_arns, [for kind in ["network-interface", "spot-instances-request", "volume"] : "${local.arn_ec2}:${kind}/*"])
        Condition = { ArnEquals = { "ec2:LaunchTemplate" = local.template_arns } }
      },
      {
        Sid       = "TagWhatItLaunches"
        Effect    = "Allow"
        Action    = ["ec2:CreateTags"]
        Resource  = ["${local.arn_ec2}:instance/*"]
        Condition = { StringEquals = merge(local.ours_by_request, { "ec2:CreateAction" = ["CreateFleet", "RunInstances"] }) }
      },
      {
        Sid       = "EndMachines"
        Effect    = "Allow"
        Action    = ["ec2:TerminateInstances"]
        Resource  = ["${local.arn_ec2}:instance/*"]
        Condition = { StringEquals = local.ours_by_tag }
      },
      {
        Sid       = "PassMachineRoles"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [for name in sort(keys(var.pools)) : aws_iam_role.machine[name].arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
      },
      {
        Sid    = "FirstFleetOfTheAccount"
        Effect = "Allow"
        Action = ["iam:CreateServiceLinkedRole"]
        Resource = [
          "arn:${local.partition}:iam::${local.account}:role/aws-service-role/ec2fleet.amazonaws.com/AWSServiceRoleForEC2Fleet",
          "arn:${local.partition}:iam::${local.account}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
        ]
        Condition = { StringEquals = { "iam:AWSServiceName" = ["ec2fleet.amazonaws.com", "spot.amazonaws.com"] } }
      },
      {
        Sid      = "ReadTokensAndImages"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = concat(sort(values(local.token_arns)), local.image_arns, var.api_token_parameter == null ? [] : ["${local.arn_ssm}${var.api_token_parameter}"])
      },
      {
        Sid       = "WriteItsLog"
        Effect    = "Allow"
        Action    = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource  = ["${aws_cloudwatch_log_group.scaler.arn}:*"]
        Condition = { StringEquals = local.our_account }
      },
    ],
    var.kms_key_arn == null ? [] : [{
      Sid       = "DecryptTokens"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = [for service in ["dynamodb", "sqs", "ssm"] : "${service}.${local.region}.amazonaws.com"] } }
    }],
    # To decrypt its own variables, which Lambda does in the function's name.
    !(local.is_lambda && var.kms_key_arn != null) ? [] : [{
      Sid       = "DecryptItsVariables"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.kms_key_arn]
      Condition = { StringLike = { "kms:EncryptionContext:aws:lambda:FunctionArn" = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.prefix}*" } }
    }],
    !(local.is_lambda && var.kms_key_arn != null) ? [] : [{
      Sid       = "EncryptDeadLetters"
      Effect    = "Allow"
      Action    = ["kms:GenerateDataKey"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = "sqs.${local.region}.amazonaws.com" } }
    }],
    !local.is_lambda ? [] : [{
      Sid       = "WriteDeadLetters"
      Effect    = "Allow"
      Action    = ["sqs:SendMessage"]
      Resource  = [aws_sqs_queue.dead[0].arn]
      Condition = { StringEquals = local.our_account }
    }],
    !local.is_frugal ? [] : [{
      Sid       = "TakeEvents"
      Effect    = "Allow"
      Action    = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Resource  = [aws_sqs_queue.events[0].arn]
      Condition = { StringEquals = local.our_account }
    }],
    local.is_lambda ? [] : [{
      Sid       = "HoldTheLease"
      Effect    = "Allow"
      Action    = ["dynamodb:DeleteItem", "dynamodb:UpdateItem"]
      Resource  = [aws_dynamodb_table.lease[0].arn]
      Condition = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = [var.name] }, Null = { "dynamodb:LeadingKeys" = "false" } }
    }],
    !local.scaler_in_bucket ? [] : [{
      Sid      = "FetchTheScaler"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${aws_s3_bucket.programs[0].arn}/${local.scaler_key}"]
    }],
  )

  schedule_statements = [for statement in concat(
    [
      {
        Sid       = "InvokeTheScaler"
        Effect    = "Allow"
        Action    = ["lambda:InvokeFunction"]
        Resource  = aws_lambda_function.scaler[*].arn
        Condition = { StringEquals = local.our_account }
      },
      {
        Sid       = "WriteDeadLetters"
        Effect    = "Allow"
        Action    = ["sqs:SendMessage"]
        Resource  = aws_sqs_queue.dead[*].arn
        Condition = { StringEquals = local.our_account }
      },
    ],
    var.kms_key_arn == null ? [] : [{
      Sid       = "UseTheKey"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = [var.kms_key_arn]
      Condition = { StringEquals = { "kms:ViaService" = [for service in ["scheduler", "sqs"] : "${service}.${local.region}.amazonaws.com"] } }
    }],
  ) : statement if local.is_lambda]
}

resource "aws_iam_role" "machine" {
  for_each             = var.pools
  name                 = "${local.prefix}-machine-${each.key}"
  description          = "Dayfly machines of pool ${each.key}"
  assume_role_policy   = local.trust["ec2"]
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "machine" {
  for_each = var.pools
  name     = "machine"
  role     = aws_iam_role.machine[each.key].id
  policy   = jsonencode({ Version = "2012-10-17", Statement = local.machine_statements[each.key] })
}

resource "aws_iam_instance_profile" "machine" {
  for_each = var.pools
  name     = "${local.prefix}-machine-${each.key}"
  role     = aws_iam_role.machine[each.key].name
  tags     = var.tags
}

resource "aws_iam_role" "scaler" {
  name                 = "${local.prefix}-scaler"
  description          = "Dayfly's scaler of ${var.name}"
  assume_role_policy   = local.trust[local.is_lambda ? "lambda" : "ec2"]
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "scaler" {
  name   = "scaler"
  role   = aws_iam_role.scaler.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.scaler_statements })
}

resource "aws_iam_instance_profile" "scaler" {
  count = local.is_lambda ? 0 : 1
  name  = "${local.prefix}-scaler"
  role  = aws_iam_role.scaler.name
  tags  = var.tags
}

resource "aws_iam_role" "schedule" {
  count                = local.is_lambda ? 1 : 0
  name                 = "${local.prefix}-schedule"
  description          = "The schedule that invokes Dayfly's scaler of ${var.name}"
  assume_role_policy   = local.trust["scheduler"]
  permissions_boundary = var.permissions_boundary
  tags                 = var.tags
}

resource "aws_iam_role_policy" "schedule" {
  count  = local.is_lambda ? 1 : 0
  name   = "schedule"
  role   = aws_iam_role.schedule[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.schedule_statements })
}
