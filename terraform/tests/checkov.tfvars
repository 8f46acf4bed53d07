# What checkov looks at: a look a minute has all that mode lambda can have, the queue of events too.
tick_seconds = 60
