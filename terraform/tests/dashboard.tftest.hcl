# One page of what the program writes: queue, machines, waits, cost.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "graphs" {
  variables {
    pools = { linux = var.pools["linux"], arm = merge(var.pools["linux"], { agent_type = "s1-arm" }) }
  }
  assert {
    condition     = [for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : split(":", widget.properties.title)[0]] == ["Queue", "Machines", "Waits", "Cost", "Ticks", "Warnings and errors of the scaler"]
    error_message = "A graph is missing."
  }
  assert {
    condition = alltrue([for series in flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : [for series in try(widget.properties.metrics, []) : { series = series }]]) :
      series.series[0] == jsondecode(file("tests/metrics.json")).namespace && contains(jsondecode(file("tests/metrics.json")).metrics, series.series[1]) && [series.series[2], series.series[4]] == jsondecode(file("tests/metrics.json")).dimensions && series.series[3] == "ci" && contains(["arm", "linux"], series.series[5])
    ])
    error_message = "The dashboard shows a metric that the program does not write."
  }
  assert {
    condition     = [for series in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[2].properties.metrics : [series[1], series[5]]] == [["QueueAgeSeconds", "arm"], ["QueueAgeSeconds", "linux"]]
    error_message = "Waits are the age of each pool's queue."
  }
  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : [widget.x, widget.y]])) == 6
    error_message = "A widget covers another."
  }
  assert {
    condition     = strcontains(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[5].properties.query, "SOURCE '/dayfly/ci' |")
    error_message = "The warnings are those of our log group."
  }
}

run "dollars" {
  variables {
    prices = { "c7i.large" = 0.1 }
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[3].properties.metrics[1][0].expression == "FILL(alive0, 0) * 0.1" && jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[3].properties.metrics[0][6].id == "alive0"
    error_message = "With prices, the cost is dollars."
  }
}

run "none" {
  variables {
    dashboard = false
  }
  assert {
    condition     = length(aws_cloudwatch_dashboard.this) == 0
    error_message = "No dashboard if none is wanted."
  }
}
