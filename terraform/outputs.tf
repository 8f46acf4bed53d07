output "configuration" {
  description = "The scaler's configuration, as JSON: for dayfly check, plan and explain on your computer. No token is in it."
  value       = local.configuration
}

output "user_data" {
  description = "What each pool's machines are told at boot. No secret is in it."
  value       = local.user_data
}

output "alarm_topic_arn" {
  description = "The SNS topic of the alarms, for subscriptions of your own."
  value       = aws_sns_topic.alarms.arn
}

output "machine_role_names" {
  description = "The role of each pool's machines, for policies of your own; only pools with metadata = \"guarded\" have it while a job runs."
  value       = { for name, role in aws_iam_role.machine : name => role.name }
}

output "image_policy_arn" {
  description = "The policy for whoever runs dayfly image; null without image_policy."
  value       = one(aws_iam_policy.images[*].arn)
}

output "log_group_name" {
  description = "Where the scaler's log is."
  value       = aws_cloudwatch_log_group.scaler.name
}

output "security_group_id" {
  description = "The security group of the machines."
  value       = aws_security_group.machines.id
}
