# No right without a bound: every statement of every policy is looked at, in both modes.
mock_provider "aws" {
  source = "./tests/mocks"
}

# A look a minute has every statement of this mode: that of the queue, too.
run "function" {
  variables {
    tick_seconds = 60
  }

  # What changes something names its resources and carries a condition. Reading begins with these words.
  assert {
    condition = alltrue([for statement in concat(local.scaler_statements, local.schedule_statements, flatten(values(local.machine_statements))) :
      (alltrue([for action in statement.Action : can(regex(":(Describe|Get|Receive)", action))]) || (!contains(statement.Resource, "*") && length(try(statement.Condition, {})) > 0))
    ])
    error_message = "A statement that changes something lacks a condition, or names every resource."
  }
  assert {
    condition     = alltrue([for statement in concat(local.scaler_statements, local.schedule_statements, flatten(values(local.machine_statements))) : alltrue([for action in statement.Action : !strcontains(action, "*")])])
    error_message = "A statement allows actions by a wildcard."
  }
  assert {
    condition     = [for statement in local.scaler_statements : statement.Sid if contains(statement.Resource, "*")] == ["Look"]
    error_message = "Only looking may name every resource."
  }
  assert {
    condition     = { for statement in local.scaler_statements : statement.Sid => statement.Condition.StringEquals["aws:ResourceTag/dayfly:deployment"] if contains(["EndMachines", "ReadConsoles"], statement.Sid) } == { EndMachines = "ci", ReadConsoles = "ci" }
    error_message = "Ends and consoles are for machines with our tag."
  }
  assert {
    condition     = [for statement in local.scaler_statements : statement.Condition.StringEquals["aws:RequestTag/dayfly:deployment"] if contains(["LaunchMachines", "TagWhatItLaunches"], statement.Sid)] == ["ci", "ci"]
    error_message = "What is launched and tagged carries our tag."
  }
  assert {
    condition     = alltrue([for statement in local.scaler_statements : toset(statement.Condition.ArnEquals["ec2:LaunchTemplate"]) == toset([aws_launch_template.pool["linux"].arn]) if contains(statement.Action, "ec2:RunInstances")])
    error_message = "Launches are from our templates."
  }
  assert {
    condition     = [for statement in local.scaler_statements : [statement.Resource, statement.Condition.StringEquals["iam:PassedToService"]] if contains(statement.Action, "iam:PassRole")] == [[[aws_iam_role.machine["linux"].arn], "ec2.amazonaws.com"]]
    error_message = "Only the machines' role is passed, and only to EC2."
  }
  assert {
    condition     = [for statement in local.machine_statements["linux"] : statement.Sid] == ["ReadItsToken", "TurnItsMetadataOff", "FetchTheAgent"]
    error_message = "A machine reads its token, turns its metadata off, and fetches its agent."
  }
  assert {
    condition     = local.machine_statements["linux"][1].Condition.StringEquals["ec2:Attribute/HttpEndpoint"] == "disabled" && local.machine_statements["linux"][1].Condition.ArnEquals["ec2:SourceInstanceARN"] == "arn:aws:ec2:eu-central-1:123456789012:instance/$${ec2:InstanceID}"
    error_message = "Metadata is turned off, not on, and one's own."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.scaler.policy).Statement[0].Sid == "Look" && length(jsondecode(aws_iam_role_policy.machine["linux"].policy).Statement) == 3
    error_message = "The roles have these statements."
  }
}

run "service" {
  variables {
    mode = "service"
  }

  # What changes something names its resources and carries a condition. Reading begins with these words.
  assert {
    condition = alltrue([for statement in concat(local.scaler_statements, local.schedule_statements, flatten(values(local.machine_statements))) :
      (alltrue([for action in statement.Action : can(regex(":(Describe|Get|Receive)", action))]) || (!contains(statement.Resource, "*") && length(try(statement.Condition, {})) > 0))
    ])
    error_message = "A statement that changes something lacks a condition, or names every resource."
  }
  assert {
    condition     = alltrue([for statement in concat(local.scaler_statements, local.schedule_statements, flatten(values(local.machine_statements))) : alltrue([for action in statement.Action : !strcontains(action, "*")])])
    error_message = "A statement allows actions by a wildcard."
  }
  assert {
    condition     = [for statement in local.scaler_statements : statement.Sid if contains(statement.Resource, "*")] == ["Look"]
    error_message = "Only looking may name every resource."
  }
  assert {
    condition     = { for statement in local.scaler_statements : statement.Sid => statement.Condition.StringEquals["aws:ResourceTag/dayfly:deployment"] if contains(["EndMachines", "ReadConsoles"], statement.Sid) } == { EndMachines = "ci", ReadConsoles = "ci" }
    error_message = "Ends and consoles are for machines with our tag."
  }
  assert {
    condition     = [for statement in local.scaler_statements : statement.Condition.StringEquals["aws:RequestTag/dayfly:deployment"] if contains(["LaunchMachines", "TagWhatItLaunches"], statement.Sid)] == ["ci", "ci"]
    error_message = "What is launched and tagged carries our tag."
  }
  assert {
    condition     = alltrue([for statement in local.scaler_statements : toset(statement.Condition.ArnEquals["ec2:LaunchTemplate"]) == toset([aws_launch_template.pool["linux"].arn]) if contains(statement.Action, "ec2:RunInstances")])
    error_message = "Launches are from our templates."
  }
  assert {
    condition     = [for statement in local.scaler_statements : [statement.Resource, statement.Condition.StringEquals["iam:PassedToService"]] if contains(statement.Action, "iam:PassRole")] == [[[aws_iam_role.machine["linux"].arn], "ec2.amazonaws.com"]]
    error_message = "Only the machines' role is passed, and only to EC2."
  }
  assert {
    condition     = [for statement in local.machine_statements["linux"] : statement.Sid] == ["ReadItsToken", "TurnItsMetadataOff", "FetchTheAgent"]
    error_message = "A machine reads its token, turns its metadata off, and fetches its agent."
  }
  assert {
    condition     = local.machine_statements["linux"][1].Condition.StringEquals["ec2:Attribute/HttpEndpoint"] == "disabled" && local.machine_statements["linux"][1].Condition.ArnEquals["ec2:SourceInstanceARN"] == "arn:aws:ec2:eu-central-1:123456789012:instance/$${ec2:InstanceID}"
    error_message = "Metadata is turned off, not on, and one's own."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.scaler.policy).Statement[0].Sid == "Look" && length(jsondecode(aws_iam_role_policy.machine["linux"].policy).Statement) == 3
    error_message = "The roles have these statements."
  }

  assert {
    condition     = [for statement in local.scaler_statements : statement.Condition["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"] if statement.Sid == "HoldTheLease"] == [["ci"]]
    error_message = "The lease's row is its own."
  }
}

run "boundary" {
  variables {
    permissions_boundary = "arn:aws:iam::123456789012:policy/ci"
  }
  assert {
    condition     = alltrue([for role in concat([aws_iam_role.scaler], aws_iam_role.schedule, values(aws_iam_role.machine)) : role.permissions_boundary == "arn:aws:iam::123456789012:policy/ci"])
    error_message = "Every role has the boundary."
  }
}

run "no_images" {
  assert {
    condition     = length(aws_iam_policy.images) == 0 && output.image_policy_arn == null
    error_message = "Nobody may make images unless somebody asked for it."
  }
}

run "images" {
  variables {
    image_policy = true
    pools = {
      linux = { agent_type = "s1-linux", token_parameter = "/dayfly/linux", instance_types = ["c7i.large"], image = "/dayfly/linux/image" }
      stock = { agent_type = "s1-stock", token_parameter = "/dayfly/stock", instance_types = ["c7i.large"] }
    }
  }
  assert {
    condition = alltrue([for statement in local.image_statements :
      (alltrue([for action in statement.Action : can(regex(":(Describe|Get|Receive)", action))]) || (!contains(statement.Resource, "*") && length(try(statement.Condition, {})) > 0))
    ])
    error_message = "A statement that changes something lacks a condition, or names every resource."
  }
  assert {
    condition     = [for statement in local.image_statements : statement.Sid if contains(statement.Resource, "*")] == ["LookAtImages"]
    error_message = "Only looking may name every resource."
  }
  assert {
    condition     = { for statement in local.image_statements : statement.Sid => statement.Condition.StringEquals["aws:ResourceTag/dayfly:images"] if contains(["EndBuilders", "ImageBuilders", "JudgeImages", "ReadConsolesOfBuilders", "RemoveImages"], statement.Sid) } == { EndBuilders = "ci", ImageBuilders = "ci", JudgeImages = "ci", ReadConsolesOfBuilders = "ci", RemoveImages = "ci" }
    error_message = "What is there is touched with our tag of images alone."
  }
  assert {
    condition     = { for statement in local.image_statements : statement.Sid => statement.Condition.StringEquals["aws:RequestTag/dayfly:images"] if contains(["LaunchBuilders", "MakeTaggedImages", "TagBuildersAndImages"], statement.Sid) } == { LaunchBuilders = "ci", MakeTaggedImages = "ci", TagBuildersAndImages = "ci" }
    error_message = "What is made carries our tag of images."
  }
  assert {
    condition     = join(" ", flatten([for statement in local.image_statements : statement.Resource if statement.Sid == "NameImages"])) == "arn:aws:ssm:eu-central-1:123456789012:parameter/dayfly/linux/image"
    error_message = "The parameters of the pools' own images are written, and no others."
  }
  assert {
    condition     = [for statement in local.trial_statements : statement.Sid] == ["ReadConsoles", "AskForFleets", "LaunchMachines", "LaunchFromTemplates", "TagWhatItLaunches", "PassMachineRoles"]
    error_message = "Trials are launched by the scaler's own statements."
  }
  assert {
    condition     = length(jsondecode(aws_iam_policy.images[0].policy).Statement) == 17 && length(aws_iam_policy.images[0].policy) < 6144
    error_message = "The policy has all of them, and fits into what IAM takes."
  }
}

run "images_without_a_parameter" {
  command = plan
  variables {
    image_policy = true
  }
  expect_failures = [aws_iam_policy.images]
}
