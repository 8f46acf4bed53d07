# One page: what is queued, which machines there are, how long jobs wait, and what it costs.

locals {
  pool_names = sort(keys(var.pools))
  # A metric of every pool, in one graph.
  series = { for metric in ["Alive", "Booting", "QueueAgeSeconds", "Queued", "Running", "TickMilliseconds", "Waiting"] : metric => [
    for pool in local.pool_names : ["Dayfly", metric, "Deployment", var.name, "Pool", pool, { label = "${pool} ${lower(metric)}" }]
  ] }
  graphs = [
    { title = "Queue: jobs that an agent could take", stat = "Maximum", metrics = local.series["Queued"] },
    { title = "Machines: booting, waiting, running", stat = "Maximum", metrics = concat(local.series["Booting"], local.series["Waiting"], local.series["Running"]) },
    { title = "Waits: seconds of the oldest job", stat = "Maximum", metrics = local.series["QueueAgeSeconds"] },
    {
      title = length(var.prices) == 0 ? "Cost: machines alive (name prices to see dollars)" : "Cost: dollars an hour, at most"
      stat  = "Maximum"
      metrics = concat(
        [for series in local.series["Alive"] : series if length(var.prices) == 0],
        [for name, id in local.spend_ids : ["Dayfly", "Alive", "Deployment", var.name, "Pool", name, { id = id, visible = false }] if length(var.prices) > 0],
        [for expression in [local.spend] : [{ expression = expression, label = "dollars an hour", id = "dollars" }] if length(var.prices) > 0],
      )
    },
    { title = "Ticks: milliseconds", stat = "Maximum", metrics = local.series["TickMilliseconds"] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  count          = var.dashboard ? 1 : 0
  dashboard_name = local.prefix
  dashboard_body = jsonencode({
    widgets = concat(
      [for index, graph in local.graphs : {
        type       = "metric"
        x          = 12 * (index % 2)
        y          = 6 * floor(index / 2)
        width      = 12
        height     = 6
        properties = { title = graph.title, stat = graph.stat, metrics = graph.metrics, period = 60, region = local.region, view = "timeSeries", stacked = false }
      }],
      [{
        type   = "log"
        x      = 12
        y      = 12
        width  = 12
        height = 6
        properties = {
          title  = "Warnings and errors of the scaler"
          region = local.region
          view   = "table"
          query  = "SOURCE '${aws_cloudwatch_log_group.scaler.name}' | fields @timestamp, @message | filter level in ['WARN', 'ERROR'] | sort @timestamp desc | limit 50"
        }
      }],
    )
  })
}
