# The role that foureyes audits with: it reads, and can change nothing.
#
# policy.json beside this file is what `foureyes init --iam-policy` prints: it is made from the calls that the program
# makes, and a test holds the two together. AWS's own SecurityAudit policy does not see Amplify.

variable "trusted_principal" {
  description = "ARN of the user, role or account that may run the audit."
  type        = string
}

resource "aws_iam_role" "foureyes" {
  name                 = "foureyes-auditor"
  description          = "Read-only role for foureyes"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.trusted_principal]
    }
  }
}

resource "aws_iam_policy" "foureyes" {
  name        = "foureyes-auditor"
  description = "What foureyes reads"
  policy      = file("${path.module}/policy.json")
}

resource "aws_iam_role_policy_attachment" "foureyes" {
  role       = aws_iam_role.foureyes.name
  policy_arn = aws_iam_policy.foureyes.arn
}

output "role_arn" {
  description = "Pass it as --role-arn."
  value       = aws_iam_role.foureyes.arn
}
