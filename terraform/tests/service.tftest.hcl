# Mode service: two replicas over two zones, one lease, and machines that are as closed as a pool's.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  mode = "service"
}

run "replicas" {
  assert {
    condition     = aws_autoscaling_group.scaler[0].min_size == 2 && aws_autoscaling_group.scaler[0].max_size == 2 && length(aws_autoscaling_group.scaler[0].vpc_zone_identifier) == 2 && length(aws_lambda_function.scaler) == 0
    error_message = "Two replicas, in two subnets, and no function."
  }
  assert {
    condition     = jsondecode(output.configuration).cloud.lease_table == aws_dynamodb_table.lease[0].name && aws_dynamodb_table.lease[0].hash_key == "deployment"
    error_message = "They share a lease."
  }
  assert {
    condition     = aws_autoscaling_group.scaler[0].instance_refresh[0].preferences[0].min_healthy_percentage == 50
    error_message = "A change replaces them one after the other."
  }
  # The blocks stand twice, because a template that makes both kinds of machines would need itself:
  # the scaler's configuration names the pools' templates.
  assert {
    condition     = [for options in aws_launch_template.scaler[0].metadata_options : [options.http_endpoint, options.http_tokens, options.http_put_response_hop_limit]] == [for options in aws_launch_template.pool["linux"].metadata_options : [options.http_endpoint, options.http_tokens, options.http_put_response_hop_limit]]
    error_message = "The metadata service of a replica is as closed as that of a machine."
  }
  assert {
    condition     = aws_launch_template.scaler[0].metadata_options[0].instance_metadata_tags == "disabled"
    error_message = "A replica has no use for its tags, and does not see them."
  }
  assert {
    condition     = [for disk in aws_launch_template.scaler[0].block_device_mappings[*].ebs[0] : [disk.encrypted, disk.delete_on_termination, disk.volume_type]] == [for disk in aws_launch_template.pool["linux"].block_device_mappings[*].ebs[0] : [disk.encrypted, disk.delete_on_termination, disk.volume_type]]
    error_message = "The disk of a replica is as encrypted as that of a machine, and goes with it."
  }
  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.scaler) == ["443"]
    error_message = "A replica speaks HTTPS alone."
  }
}

run "program" {
  assert {
    condition     = yamldecode(local.service_user_data).write_files[0].path == "/etc/dayfly/dayfly.json" && base64decode(yamldecode(local.service_user_data).write_files[0].content) == local.configuration_of_scaler
    error_message = "A replica has the configuration."
  }
  assert {
    condition     = base64decode(yamldecode(local.service_user_data).write_files[1].content) == file("../systemd/dayfly.service")
    error_message = "A replica runs the hardened unit."
  }
  assert {
    condition     = strcontains(local.service_user_data, "${filesha256("tests/program")}  /tmp/dayfly") && aws_s3_object.scaler[0].key == "scaler/${filesha256("tests/program")}/dayfly"
    error_message = "A replica runs what has the checksum."
  }
  assert {
    condition     = strcontains(local.service_user_data, "\"log_group_name\": \"${aws_cloudwatch_log_group.scaler.name}\"")
    error_message = "Its log and metrics go to our group."
  }
}

run "elsewhere" {
  variables {
    endpoint = "hub.example.com:8443"
    scaler   = { url = "https://e.com/dayfly", sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", architecture = "x86_64" }
    service  = { instance_type = "t3.micro", image = "ami-01" }
  }
  assert {
    condition     = sort(keys(aws_vpc_security_group_egress_rule.scaler)) == tolist(["443", "8443"])
    error_message = "A hub on another port is reached."
  }
  assert {
    condition     = aws_launch_template.scaler[0].instance_type == "t3.micro" && aws_launch_template.scaler[0].image_id == "ami-01" && length(data.aws_ssm_parameter.service_image) == 0
    error_message = "Type and image are those that were named."
  }
  assert {
    condition     = strcontains(local.service_user_data, "source='https://e.com/dayfly'") && length(aws_s3_object.scaler) == 0
    error_message = "A program with a url is fetched from there."
  }
}
