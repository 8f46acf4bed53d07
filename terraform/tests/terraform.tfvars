# What every run begins with, unless it says otherwise.
endpoint         = "acme.semaphoreci.com"
scaler           = { path = "tests/program" }
agent            = { path = "tests/program" }
public_addresses = true
pools = {
  linux = { agent_type = "s1-linux", token_parameter = "/dayfly/linux", instance_types = ["c7i.large"] }
}
