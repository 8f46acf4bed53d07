output "configuration" {
  description = "For dayfly check, plan and explain."
  value       = module.dayfly.configuration
}
