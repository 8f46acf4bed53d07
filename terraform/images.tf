# What whoever runs `dayfly image` may do; the scaler needs none of it. docs/IMAGES.md says for each
# statement why it is needed, and a test holds the two equal.

locals {
  images_by_tag     = { "aws:ResourceTag/dayfly:images" = var.name }
  images_by_request = { "aws:RequestTag/dayfly:images" = var.name }
  # AWS's own parameters cannot be written.
  named_image_arns = sort(distinct([for machine in values(local.machines) : "${local.arn_ssm}${machine.image}" if startswith(machine.image, "/") && !startswith(machine.image, "/aws/")]))

  # Trials are launched as the scaler launches.
  trial_statements = [
    for statement in local.scaler_statements : statement
    if contains(["AskForFleets", "LaunchMachines", "LaunchFromTemplates", "TagWhatItLaunches", "PassMachineRoles", "ReadConsoles"], statement.Sid)
  ]

  image_statements = [
    {
      Sid      = "LookAtImages"
      Effect   = "Allow"
      Action   = ["ec2:DescribeImages", "ec2:DescribeInstances", "ec2:DescribeSnapshots"]
      Resource = ["*"]
    },
    {
      Sid      = "LaunchBuilders"
      Effect   = "Allow"
      Action   = ["ec2:RunInstances"]
      Resource = ["${local.arn_ec2}:instance/*"]
      Condition = {
        ArnEquals    = { "ec2:LaunchTemplate" = local.template_arns }
        StringEquals = merge(local.images_by_request, { "ec2:MetadataHttpTokens" = "required" })
      }
    },
    {
      Sid       = "TagBuildersAndImages"
      Effect    = "Allow"
      Action    = ["ec2:CreateTags"]
      Resource  = concat(local.made_image_arns, [for kind in ["instance", "volume"] : "${local.arn_ec2}:${kind}/*"])
      Condition = { StringEquals = merge(local.images_by_request, { "ec2:CreateAction" = ["CreateImage", "RunInstances"] }) }
    },
    {
      Sid       = "ReadConsolesOfBuilders"
      Effect    = "Allow"
      Action    = ["ec2:GetConsoleOutput"]
      Resource  = ["${local.arn_ec2}:instance/*"]
      Condition = { StringEquals = local.images_by_tag }
    },
    {
      Sid       = "ImageBuilders"
      Effect    = "Allow"
      Action    = ["ec2:CreateImage"]
      Resource  = ["${local.arn_ec2}:instance/*"]
      Condition = { StringEquals = local.images_by_tag }
    },
    {
      Sid       = "MakeTaggedImages"
      Effect    = "Allow"
      Action    = ["ec2:CreateImage"]
      Resource  = local.made_image_arns
      Condition = { StringEquals = local.images_by_request }
    },
    {
      Sid       = "EndBuilders"
      Effect    = "Allow"
      Action    = ["ec2:TerminateInstances"]
      Resource  = ["${local.arn_ec2}:instance/*"]
      Condition = { StringEquals = local.images_by_tag }
    },
    {
      Sid       = "RemoveImages"
      Effect    = "Allow"
      Action    = ["ec2:DeleteSnapshot", "ec2:DeregisterImage"]
      Resource  = local.made_image_arns
      Condition = { StringEquals = local.images_by_tag }
    },
    {
      Sid       = "JudgeImages"
      Effect    = "Allow"
      Action    = ["ec2:CreateTags"]
      Resource  = local.made_image_arns
      Condition = { StringEquals = local.images_by_tag, "ForAllValues:StringEquals" = { "aws:TagKeys" = ["dayfly:verdict"] }, Null = { "aws:TagKeys" = "false" } }
    },
    {
      Sid       = "NameImages"
      Effect    = "Allow"
      Action    = ["ssm:GetParameterHistory", "ssm:PutParameter"]
      Resource  = local.named_image_arns
      Condition = { StringEquals = local.our_account }
    },
    {
      Sid      = "ReadImageParameters"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter"]
      Resource = concat(local.named_image_arns, ["arn:${local.partition}:ssm:${local.region}::parameter/aws/service/*"])
    },
  ]
  # What this account makes; an image and its snapshot have no account in their names.
  made_image_arns = ["arn:${local.partition}:ec2:${local.region}::image/*", "arn:${local.partition}:ec2:${local.region}::snapshot/*"]
}

resource "aws_iam_policy" "images" {
  count       = var.image_policy ? 1 : 0
  name        = "${local.prefix}-images"
  description = "To make, try and name images of Dayfly's machines of ${var.name}"
  policy      = jsonencode({ Version = "2012-10-17", Statement = concat(local.image_statements, local.trial_statements) })
  tags        = var.tags

  lifecycle {
    precondition {
      condition     = length(local.named_image_arns) > 0
      error_message = "image_policy is for pools whose image is a parameter of your own, such as image = \"/dayfly/linux/image\"."
    }
  }
}
