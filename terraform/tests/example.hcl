mock_provider "aws" {
  source = "MOCKS"
}

run "example" {
  assert {
    condition     = can(jsondecode(module.dayfly.configuration))
    error_message = "The configuration is no JSON."
  }
  # Shown by -verbose, for dayfly check.
  assert {
    condition     = output.configuration == module.dayfly.configuration
    error_message = "The example does not give its configuration out."
  }
}
