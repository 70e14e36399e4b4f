# The role that foureyes audits with: it reads, and can change nothing.
#
# policy.json beside this file is what `foureyes init --iam-policy` prints: it is made from the calls that the program
# makes, and a test holds the two together. AWS's own SecurityAudit policy does not see Amplify.
#
# For an organisation, this role stands in every account (a StackSet, or this module for each), where it trusts the role of
# the same name in the account that the audit starts from: the management account or a delegated administrator. There,
# audits_organization is true.

variable "trusted_principal" {
  description = "ARN of the user, role or account that may run the audit."
  type        = string
}

variable "audits_organization" {
  description = "Whether this account is the one from which the whole organisation is audited (foureyes audit --organization)."
  type        = bool
  default     = false
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

# The roles of the other accounts. They trust this one by name; this lets it enter.
resource "aws_iam_role_policy" "enter_accounts" {
  count = var.audits_organization ? 1 : 0

  name = "enter-accounts"
  role = aws_iam_role.foureyes.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "EnterAccounts"
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = "arn:*:iam::*:role/foureyes-auditor"
    }]
  })
}

output "role_arn" {
  description = "Pass it as --role-arn."
  value       = aws_iam_role.foureyes.arn
}
