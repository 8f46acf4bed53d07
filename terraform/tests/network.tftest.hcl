# Where machines are: nothing comes in, and out goes what is named.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "default" {
  assert {
    condition     = aws_security_group.machines.vpc_id == "vpc-0123456789abcdef0" && local.subnets == tolist(["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"])
    error_message = "Without a network of one's own it is the default one, with its subnets in a fixed order."
  }
  assert {
    condition     = { for name, rule in aws_vpc_security_group_egress_rule.machines : name => [rule.from_port, rule.to_port] } == { "22 0.0.0.0/0" = [22, 22], "80 0.0.0.0/0" = [80, 80], "443 0.0.0.0/0" = [443, 443] }
    error_message = "Checkouts, packages and HTTPS go out, and nothing else."
  }
  assert {
    condition     = aws_launch_template.pool["linux"].network_interfaces[0].associate_public_ip_address == "true" && toset(aws_launch_template.pool["linux"].network_interfaces[0].security_groups) == toset([aws_security_group.machines.id])
    error_message = "A machine is in its group alone, and has an address if one is asked for."
  }
}

run "own" {
  variables {
    vpc_id           = "vpc-01"
    subnets          = ["subnet-01", "subnet-02"]
    public_addresses = false
    egress           = [{ port = 0, cidr = "10.0.0.0/8" }, { port = 443 }]
    pools            = { linux = var.pools["linux"], arm = merge(var.pools["linux"], { agent_type = "s1-arm", subnets = ["subnet-03"] }) }
  }
  assert {
    condition     = aws_security_group.machines.vpc_id == "vpc-01" && length(data.aws_vpc.default) == 0 && length(data.aws_subnets.default) == 0
    error_message = "A network that is named is taken, and no other one is looked for."
  }
  assert {
    condition     = { for name, pool in jsondecode(output.configuration).pools : name => pool.subnets } == { linux = ["subnet-01", "subnet-02"], arm = ["subnet-03"] }
    error_message = "A pool's own subnets win over those of all pools."
  }
  assert {
    condition     = { for name, rule in aws_vpc_security_group_egress_rule.machines : name => [rule.from_port, rule.to_port, rule.cidr_ipv4] } == { "0 10.0.0.0/8" = [0, 65535, "10.0.0.0/8"], "443 0.0.0.0/0" = [443, 443, "0.0.0.0/0"] }
    error_message = "Port 0 is every port, of that block alone."
  }
  assert {
    condition     = alltrue([for template in values(aws_launch_template.pool) : template.network_interfaces[0].associate_public_ip_address == "false"])
    error_message = "No public address unless asked for."
  }
}
