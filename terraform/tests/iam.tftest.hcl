# No right without a bound: every statement of every policy is looked at, in both modes.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "function" {

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
