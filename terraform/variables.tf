# Every variable says its unit, its default and what it costs. Prices are AWS's list prices of
# us-east-1, from memory; they are orders of magnitude, not quotes.

variable "name" {
  description = "The deployment: marks every machine (tag dayfly:deployment) and begins every name. 2 to 24 lower-case letters, digits and hyphens. Default \"ci\". Costs nothing."
  type        = string
  default     = "ci"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", var.name))
    error_message = "name has 2 to 24 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen."
  }
}

variable "endpoint" {
  description = "The hub's host, such as acme.semaphoreci.com, and :port if it is not 443; no scheme, no path. Needed. Costs nothing."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?$", var.endpoint))
    error_message = "endpoint is a host and maybe :port, such as acme.semaphoreci.com, without scheme and path."
  }
}

variable "mode" {
  description = "Where the scaler runs. \"lambda\" (default): a function and a schedule, about $5 a month with the log of one pool. \"service\": two replicas in an auto-scaling group over two zones with a lease, about $16 a month for two t4g.micro with their disks, lease and log. Both with the default tick_seconds, which says what a slower pace saves."
  type        = string
  default     = "lambda"

  validation {
    condition     = contains(["lambda", "service"], var.mode)
    error_message = "mode is \"lambda\" or \"service\"."
  }
}

variable "scaler" {
  description = "The scaler's program: either path, a local file, or url (https) with the sha256 (64 hex digits) of what is there. In mode lambda it is the zip that lambda/build makes, in mode service the program dayfly itself. architecture is arm64 (default; 20 % cheaper) or x86_64, and is that of the program. Needed. A url is fetched by curl: in mode lambda by the computer that runs Terraform, in mode service by each replica. A path in mode service is put into a bucket, less than $0.01 a month."
  type = object({
    path         = optional(string)
    url          = optional(string)
    sha256       = optional(string)
    architecture = optional(string, "arm64")
  })

  validation {
    condition     = (var.scaler.path == null) != (var.scaler.url == null)
    error_message = "scaler has either path or url."
  }
  validation {
    condition     = var.scaler.url == null || (can(regex("^https://[^\\s'\"\\\\$`]+$", var.scaler.url)) && can(regex("^[0-9a-f]{64}$", var.scaler.sha256)))
    error_message = "scaler.url begins with https://, holds neither spaces nor quotes, and stands beside sha256, 64 lower-case hex digits."
  }
  validation {
    condition     = contains(["arm64", "x86_64"], var.scaler.architecture)
    error_message = "scaler.architecture is arm64 or x86_64."
  }
}

variable "agent" {
  description = "The agent on the machines, of all pools that name none of their own. kind is dayfly (default) or semaphore, the official agent. Either path, a local file that is put into a bucket (less than $0.01 a month, and $0.0004 for a thousand boots), or url (https) with its sha256; neither on images that hold it already. Default: the image holds a Dayfly agent."
  type = object({
    kind   = optional(string, "dayfly")
    path   = optional(string)
    url    = optional(string)
    sha256 = optional(string)
  })
  default = {}

  validation {
    condition     = contains(["dayfly", "semaphore"], var.agent.kind)
    error_message = "agent.kind is dayfly or semaphore."
  }
  validation {
    condition     = var.agent.path == null || var.agent.url == null
    error_message = "agent has path or url, not both."
  }
  validation {
    condition     = var.agent.url == null || (can(regex("^https://[^\\s'\"\\\\$`]+$", var.agent.url)) && can(regex("^[0-9a-f]{64}$", var.agent.sha256)))
    error_message = "agent.url begins with https://, holds neither spaces nor quotes, and stands beside sha256, 64 lower-case hex digits."
  }
}

variable "pools" {
  description = <<-TEXT
    One pool for each agent type, by a name of 1 to 20 lower-case letters, digits and hyphens. Needed. A pool costs what its machines cost, and $5 a month for its metrics and alarms.
    - agent_type: the hub's name for it, such as s1-linux. Needed.
    - token_parameter: the SSM SecureString that holds its registration token, made before and never read by Terraform. Needed. Free.
    - instance_types: the best first, 1 to 30. Needed. They are most of what Dayfly costs.
    - market: on-demand (default), spot (60 to 90 % cheaper, and may be taken away with its job) or spot-first.
    - spot_patience_seconds: how long spot-first lets spot fail. Default 120.
    - machines_max: machines alive at once, 0 drains. Default: that of all pools.
    - reserve: machines that wait ahead of demand, paid day and night. Default 0.
    - reserve_hours: hours with a larger reserve: days (names of days, weekdays or weekend; default all), from and until (UTC, "08:00"; past midnight if it is not later), reserve. Default none.
    - speed: what a job's waiting minute is worth: economy 3 minutes of a machine, balanced 10 (default), fast 30; what is learned decides what that makes worth launching ahead of demand. reactive: nothing, ever.
    - waiting_minute_dollars: the same in dollars, such as 0.05, in place of speed. Default none.
    - wait_p95_seconds: how long 19 of 20 jobs wait at most, such as 45, in place of speed; what that takes is searched for from day to day. Default none.
    - boot_limit_seconds: default 300. lifetime_seconds: default 90000.
    - idle_timeout_seconds: how long an agent waits for a job where machines are kept ready. Default 120.
    - spare_timeout_seconds: how long at least an agent waits that was launched for a queued job where none is kept ready. Default 5, or idle_timeout_seconds if that is less, and at most that. No agent is sent away in the first 50 seconds of its machine: that minute is billed anyway.
    - interruption_grace_seconds: how long a job may go on after a spot notice. Default 0.
    - image: an AMI's id, or the name of an SSM parameter that holds one, read before launches. Default: Debian 13.
    - architecture: of the default image; x86_64 (default) or arm64 (20 % cheaper).
    - root_device: the image's root device. Default /dev/xvda.
    - disk_gib: the root disk's size in GiB. Default 30. $0.08 a GiB and month, while a machine lives.
    - metadata: off (default: no credential reaches a job) or guarded (root alone reaches it: for jobs that need the machine's role or spot notices).
    - sudo: whether a job may become root. Default false.
    - agent_kind, agent_url, agent_sha256: an agent of its own. Default: that of all pools.
    - subnets: of its machines. Default: those of all pools.
  TEXT
  type = map(object({
    agent_type                 = string
    token_parameter            = string
    instance_types             = list(string)
    market                     = optional(string, "on-demand")
    spot_patience_seconds      = optional(number)
    machines_max               = optional(number)
    reserve                    = optional(number, 0)
    reserve_hours              = optional(list(object({ days = optional(list(string)), from = string, until = string, reserve = number })), [])
    speed                      = optional(string, "balanced")
    waiting_minute_dollars     = optional(number)
    wait_p95_seconds           = optional(number)
    boot_limit_seconds         = optional(number, 300)
    lifetime_seconds           = optional(number, 90000)
    idle_timeout_seconds       = optional(number, 120)
    spare_timeout_seconds      = optional(number)
    interruption_grace_seconds = optional(number, 0)
    image                      = optional(string)
    architecture               = optional(string, "x86_64")
    root_device                = optional(string, "/dev/xvda")
    disk_gib                   = optional(number, 30)
    metadata                   = optional(string, "off")
    sudo                       = optional(bool, false)
    agent_kind                 = optional(string)
    agent_url                  = optional(string)
    agent_sha256               = optional(string)
    subnets                    = optional(list(string))
  }))

  validation {
    condition     = length(var.pools) > 0 && alltrue([for name in keys(var.pools) : can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", name))])
    error_message = "pools has one entry at least; a name has 1 to 20 lower-case letters, digits and hyphens, and begins with a letter."
  }
  validation {
    condition     = length(distinct([for pool in values(var.pools) : pool.agent_type])) == length(var.pools) && alltrue([for pool in values(var.pools) : can(regex("^[A-Za-z0-9._-]+$", pool.agent_type))])
    error_message = "agent_type is the hub's name of an agent type, and each is in one pool only."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : can(regex("^/[A-Za-z0-9._/-]+$", pool.token_parameter))])
    error_message = "token_parameter is the name of an SSM parameter that begins with a slash, such as /dayfly/linux."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : length(pool.instance_types) >= 1 && length(pool.instance_types) <= 30 && alltrue([for type in pool.instance_types : can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", type))])])
    error_message = "instance_types holds 1 to 30 types, such as c7i.large."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : contains(["on-demand", "spot", "spot-first"], pool.market)])
    error_message = "market is on-demand, spot or spot-first."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.spot_patience_seconds == null || (pool.market == "spot-first" && try(pool.spot_patience_seconds >= 0 && pool.spot_patience_seconds <= 3600, false))])
    error_message = "spot_patience_seconds is 0 to 3600, and only beside market = \"spot-first\"."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : try(pool.machines_max >= 0, pool.machines_max == null) && pool.reserve >= 0])
    error_message = "machines_max and reserve are 0 or more."
  }
  validation {
    condition     = alltrue([for hours in flatten([for pool in values(var.pools) : pool.reserve_hours]) : can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", hours.from)) && can(regex("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", hours.until)) && hours.reserve >= 1 && alltrue([for day in coalesce(hours.days, ["weekdays"]) : contains(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "weekdays", "weekend"], day)])])
    error_message = "reserve_hours have from and until such as \"08:00\", a reserve of 1 or more, and days such as monday, weekdays or weekend."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : contains(["reactive", "economy", "balanced", "fast"], pool.speed)])
    error_message = "speed is reactive, economy, balanced or fast."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.waiting_minute_dollars == null || try(pool.waiting_minute_dollars > 0 && pool.speed == "balanced", false)])
    error_message = "waiting_minute_dollars is more than 0, and stands in place of speed."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.wait_p95_seconds == null || try(pool.wait_p95_seconds >= 1 && pool.wait_p95_seconds <= 300 && pool.speed == "balanced" && pool.waiting_minute_dollars == null, false)])
    error_message = "wait_p95_seconds is 1 to 300, and stands in place of speed and waiting_minute_dollars."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.boot_limit_seconds >= 30 && pool.boot_limit_seconds <= 3600 && pool.lifetime_seconds > pool.boot_limit_seconds && pool.lifetime_seconds <= 604800])
    error_message = "boot_limit_seconds is 30 to 3600, and lifetime_seconds longer, up to 604800."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.idle_timeout_seconds >= 1 && pool.idle_timeout_seconds <= 86400 && try(pool.spare_timeout_seconds == null || (pool.spare_timeout_seconds >= 1 && pool.spare_timeout_seconds <= pool.idle_timeout_seconds), true) && pool.interruption_grace_seconds >= 0 && pool.interruption_grace_seconds <= 86400])
    error_message = "idle_timeout_seconds is 1 to 86400, spare_timeout_seconds 1 to that, interruption_grace_seconds 0 to 86400."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : try(can(regex("^(ami-[0-9a-f]+|/[A-Za-z0-9._/-]+)$", pool.image)) || pool.image == null, true)])
    error_message = "image is ami-… or the name of an SSM parameter that begins with a slash."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : contains(["arm64", "x86_64"], pool.architecture) && can(regex("^/dev/[a-z0-9]+$", pool.root_device))])
    error_message = "architecture is arm64 or x86_64, and root_device begins with /dev/."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.disk_gib >= 8 && pool.disk_gib <= 16384])
    error_message = "disk_gib is 8 to 16384."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : contains(["off", "guarded"], pool.metadata)])
    error_message = "metadata is off or guarded."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.agent_kind == null || try(contains(["dayfly", "semaphore"], pool.agent_kind), false)])
    error_message = "agent_kind is dayfly or semaphore."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : (pool.agent_url == null && pool.agent_sha256 == null) || (can(regex("^https://[^\\s'\"\\\\$`]+$", pool.agent_url)) && can(regex("^[0-9a-f]{64}$", pool.agent_sha256)))])
    error_message = "agent_url begins with https://, holds neither spaces nor quotes, and stands beside agent_sha256, 64 lower-case hex digits."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : try(length(pool.subnets) >= 1 && length(pool.subnets) <= 10, pool.subnets == null)])
    error_message = "subnets of a pool holds 1 to 10 subnets, one for each zone."
  }
}

variable "machines_max" {
  description = "Machines of all pools together, alive or on their way; 0 drains everything. Whole number, default 20. The upper bound of what the machines cost."
  type        = number
  default     = 20

  validation {
    condition     = var.machines_max >= 0 && floor(var.machines_max) == var.machines_max
    error_message = "machines_max is a whole number, 0 or more."
  }
}

variable "launches_per_hour_max" {
  description = "Launches within any hour: what a loop of failing boots can cost. Whole number, default 500. Costs nothing."
  type        = number
  default     = 500

  validation {
    condition     = var.launches_per_hour_max >= 1 && floor(var.launches_per_hour_max) == var.launches_per_hour_max
    error_message = "launches_per_hour_max is a whole number, 1 or more."
  }
}

variable "dollars_per_hour_max" {
  description = "What all live machines together may cost, in dollars an hour at on-demand prices; launches stop there, and the alarm comes at four fifths. Needs prices of every type. Default null: no limit, no alarm. The alarm costs up to $1 a month."
  type        = number
  default     = null

  validation {
    condition     = var.dollars_per_hour_max == null || try(var.dollars_per_hour_max > 0, false)
    error_message = "dollars_per_hour_max is more than 0, or null."
  }
  validation {
    condition     = var.dollars_per_hour_max == null || alltrue(flatten([for pool in values(var.pools) : [for type in pool.instance_types : contains(keys(var.prices), type)]]))
    error_message = "Beside dollars_per_hour_max, prices names every instance type of every pool: a budget rests on the prices of your region."
  }
  validation {
    condition     = var.dollars_per_hour_max == null || length(var.pools) <= 9
    error_message = "Beside dollars_per_hour_max there are 9 pools at most: one alarm of CloudWatch adds no more up."
  }
}

variable "prices" {
  description = "Dollars an hour on demand by instance type, such as { \"c7i.large\" = 0.1019 }, of your region. Default: none; the scaler falls back to the list prices that it ships. Costs nothing."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for price in values(var.prices) : price > 0])
    error_message = "prices are more than 0."
  }
}

variable "tick_seconds" {
  description = "From look to look, in seconds: how long a queued job can wait before it is seen. 1 to 30, or 60; default 3. In mode lambda, 1 to 30 is a function that runs all the time: with its log, 3 is $4.60 a month on arm64 and $0.40 for each pool after the first, 10 is $3.85 and $0.12. 60 is a short call a minute and a queue of EC2's events: $0.35 in all, and jobs wait for half a minute more. In mode service, lease and log of one pool are $2.10 with 3, and $0.65 with 10."
  type        = number
  default     = 3

  validation {
    condition     = var.tick_seconds == 60 || (var.tick_seconds >= 1 && var.tick_seconds <= 30 && floor(var.tick_seconds) == var.tick_seconds)
    error_message = "tick_seconds is a whole number from 1 to 30, or 60."
  }
}

variable "api_token_parameter" {
  description = "The SSM SecureString with an API token of the hub, made before; with it each machine's work is known. Default null: the counts alone bound what is launched. Free."
  type        = string
  default     = null

  validation {
    condition     = var.api_token_parameter == null || can(regex("^/[A-Za-z0-9._/-]+$", var.api_token_parameter))
    error_message = "api_token_parameter is the name of an SSM parameter that begins with a slash."
  }
}

variable "vpc_id" {
  description = "The network of the machines. Default null: the region's default VPC. Costs nothing."
  type        = string
  default     = null

  validation {
    condition     = var.vpc_id == null || can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id is vpc-… or null."
  }
}

variable "subnets" {
  description = "Subnets of that network, one for each zone, 1 to 10. Default null: those of the default VPC. Private ones need a NAT gateway, about $33 a month and $0.045 a GB."
  type        = list(string)
  default     = null

  validation {
    condition     = (var.subnets == null) == (var.vpc_id == null)
    error_message = "vpc_id and subnets are given together, or neither is."
  }
  validation {
    condition     = var.subnets == null || try(length(var.subnets) >= 1 && length(var.subnets) <= 10 && alltrue([for id in var.subnets : can(regex("^subnet-[0-9a-f]+$", id))]), false)
    error_message = "subnets holds 1 to 10 subnets, subnet-…, one for each zone."
  }
  validation {
    condition     = var.mode != "service" || var.subnets == null || try(length(var.subnets) >= 2, false)
    error_message = "mode \"service\" needs two subnets, in two zones."
  }
}

variable "public_addresses" {
  description = "Whether machines get a public IPv4 address; nothing can come in, with or without. Default false. $0.005 an hour for each machine. The default VPC needs it, because there is no other way out."
  type        = bool
  default     = false

  validation {
    condition     = var.public_addresses || var.subnets != null
    error_message = "In the default VPC machines need public_addresses = true to reach the hub; or name a vpc_id and private subnets behind a NAT gateway."
  }
}

variable "egress" {
  description = "Where machines may connect to: TCP port (0: all) and CIDR block of IPv4. Default: ports 22, 80 and 443 everywhere, for checkouts, packages and HTTPS. The scaler itself gets 443 alone. Costs nothing; traffic out costs $0.09 a GB."
  type = list(object({
    port = number
    cidr = optional(string, "0.0.0.0/0")
  }))
  default = [{ port = 22 }, { port = 80 }, { port = 443 }]

  validation {
    condition     = alltrue([for rule in var.egress : rule.port >= 0 && rule.port <= 65535 && can(cidrnetmask(rule.cidr))])
    error_message = "egress has a port from 0 to 65535 and a CIDR block of IPv4, such as 0.0.0.0/0."
  }
}

variable "service" {
  description = "The replicas of mode service: instance_type of the scaler's architecture (default t4g.micro, about $7 a month each with its disk), and image, an AMI of Amazon Linux 2023 (default: the newest at the time of apply)."
  type = object({
    instance_type = optional(string, "t4g.micro")
    image         = optional(string)
  })
  default = {}

  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", var.service.instance_type))
    error_message = "service.instance_type is a type, such as t4g.micro."
  }
  validation {
    condition     = var.service.image == null || can(regex("^ami-[0-9a-f]+$", var.service.image))
    error_message = "service.image is ami-… or null."
  }
}

variable "memory_mb" {
  description = "Memory of the function in MB; it buys computing time, too. 128 to 10240, default 128. Twice as much is twice the price."
  type        = number
  default     = 128

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb is 128 to 10240."
  }
}

variable "permissions_boundary" {
  description = "The ARN of a policy that bounds every role. Default null: none. Costs nothing."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary is the ARN of an IAM policy, or null."
  }
}

variable "kms_key_arn" {
  description = "A key of yours for logs, queues, topic, lease and disks, and the one that the tokens' parameters are encrypted with; its policy has to let CloudWatch, SNS, SQS, EventBridge and EC2 use it. Default null: AWS's own keys. $1 a month and $0.03 for 10,000 uses."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a key, not of an alias, or null."
  }
}

variable "alarm_emails" {
  description = "Who gets the alarms; each address confirms once. Default: nobody, the topic is there all the same. Free up to 1,000 messages a month."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "alarm_emails holds addresses, such as ci@example.com."
  }
}

variable "alarm_limits" {
  description = "When alarms ring: queue_age_minutes, how long a job may wait (default 15); launch_failures, in how many of five minutes launches fail (default 5, at most 5); leaked_minutes, how long machines may live without a known agent beyond booting (default 30). About $0.10 a month for each metric that an alarm reads, some $1 for each pool."
  type = object({
    queue_age_minutes = optional(number, 15)
    launch_failures   = optional(number, 5)
    leaked_minutes    = optional(number, 30)
  })
  default = {}

  validation {
    condition     = alltrue([for limit in values(var.alarm_limits) : limit >= 1 && limit <= 1440 && floor(limit) == limit])
    error_message = "alarm_limits are whole numbers from 1 to 1440."
  }
  validation {
    condition     = var.alarm_limits.launch_failures <= 5
    error_message = "alarm_limits.launch_failures is 1 to 5: minutes of five."
  }
}

variable "image_policy" {
  description = "Whether there is a policy for whoever makes images of the pools' machines (dayfly image, docs/IMAGES.md); at least one pool's image is then a parameter of your own. Default false. Costs nothing; an image is $0.05 a month for each gigabyte that its disk holds."
  type        = bool
  default     = false
}

variable "dashboard" {
  description = "Whether there is a CloudWatch dashboard. Default true. The first three of an account are free, then $3 a month each."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "How long logs are kept, in days, as CloudWatch knows them: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365. Default 30. $0.50 a GB written and $0.03 a GB and month kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.log_retention_days)
    error_message = "log_retention_days is one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365."
  }
}

variable "tags" {
  description = "Tags of everything that the module makes; not of machines, which carry Dayfly's own. Default: none. Costs nothing."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(key, "dayfly:") && !startswith(key, "aws:")])
    error_message = "tags do not begin with dayfly: or aws:."
  }
}
