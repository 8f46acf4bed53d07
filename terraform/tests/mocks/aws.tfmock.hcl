# What AWS would answer, where a random word would not do.
mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}
mock_data "aws_partition" {
  defaults = { partition = "aws" }
}
mock_data "aws_region" {
  defaults = { region = "eu-central-1" }
}
mock_data "aws_vpc" {
  defaults = { id = "vpc-0123456789abcdef0" }
}
mock_data "aws_subnets" {
  defaults = { ids = ["subnet-0fedcba9876543210", "subnet-0123456789abcdef0"] }
}
mock_data "aws_ssm_parameter" {
  defaults = { value = "ami-0123456789abcdef0" }
}
mock_resource "aws_launch_template" {
  defaults = { id = "lt-0123456789abcdef0", arn = "arn:aws:ec2:eu-central-1:123456789012:launch-template/lt-0123456789abcdef0", latest_version = 7 }
}
mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/dayfly" }
}
mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws:iam::123456789012:policy/dayfly-ci-images" }
}
mock_resource "aws_iam_instance_profile" {
  defaults = { arn = "arn:aws:iam::123456789012:instance-profile/dayfly" }
}
mock_resource "aws_security_group" {
  defaults = { id = "sg-0123456789abcdef0", arn = "arn:aws:ec2:eu-central-1:123456789012:security-group/sg-0123456789abcdef0" }
}
mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/dayfly/ci" }
}
mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:eu-central-1:123456789012:rule/dayfly" }
}
mock_resource "aws_sqs_queue" {
  defaults = { id = "https://sqs.eu-central-1.amazonaws.com/123456789012/dayfly", arn = "arn:aws:sqs:eu-central-1:123456789012:dayfly" }
}
mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:dayfly-alarms" }
}
mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:dayfly-ci" }
}
mock_resource "aws_dynamodb_table" {
  defaults = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/dayfly-ci-lease" }
}
mock_resource "aws_s3_bucket" {
  defaults = { id = "dayfly-programs", arn = "arn:aws:s3:::dayfly-programs" }
}
