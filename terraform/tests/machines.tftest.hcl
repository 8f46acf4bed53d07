# What a machine is made of: each default that keeps it closed.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "template" {
  assert {
    condition     = aws_launch_template.pool["linux"].metadata_options[0].http_tokens == "required" && aws_launch_template.pool["linux"].metadata_options[0].http_put_response_hop_limit == 1 && aws_launch_template.pool["linux"].metadata_options[0].instance_metadata_tags == "enabled"
    error_message = "Metadata of version 2 alone, one hop; its tags say how long the agent waits."
  }
  assert {
    condition     = aws_launch_template.pool["linux"].instance_initiated_shutdown_behavior == "terminate"
    error_message = "Powering off ends it."
  }
  assert {
    condition     = alltrue([for disk in aws_launch_template.pool["linux"].block_device_mappings[*].ebs[0] : disk.encrypted == "true" && disk.delete_on_termination == "true" && disk.volume_type == "gp3"])
    error_message = "The disk is encrypted and goes with the machine."
  }
  assert {
    condition     = join(", ", sort(keys(aws_vpc_security_group_egress_rule.machines))) == "22 0.0.0.0/0, 443 0.0.0.0/0, 80 0.0.0.0/0"
    error_message = "Egress is what the variable says."
  }
  assert {
    condition     = base64decode(aws_launch_template.pool["linux"].user_data) == output.user_data["linux"] && can(yamldecode(output.user_data["linux"]))
    error_message = "User data is the rendered template."
  }
}

run "private" {
  variables {
    public_addresses = false
    vpc_id           = "vpc-01"
    subnets          = ["subnet-01"]
  }
  assert {
    condition     = aws_launch_template.pool["linux"].network_interfaces[0].associate_public_ip_address == "false"
    error_message = "No public address unless asked for."
  }
}
