# A role that a GitHub Actions workflow assumes to run the audit every night. It needs no stored keys: GitHub signs who
# the workflow is, and the trust policy lets in one environment of one repository only.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
}

variable "repository" {
  description = "Repository that holds the workflow, as owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.repository))
    error_message = "Give one repository as owner/name; wildcards would let others in."
  }
}

variable "audit_policy_arn" {
  description = "The read-only policy of the auditor (see ../auditor-role)."
  type        = string
}

# If the account has this provider already, import it: there can be one only.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${var.repository}:environment:audit"]
    }
  }
}

resource "aws_iam_role" "audit" {
  name                 = "foureyes-nightly-audit"
  description          = "Nightly audit of permissions; reads only."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy_attachment" "audit" {
  role       = aws_iam_role.audit.name
  policy_arn = var.audit_policy_arn
}

output "role_arn" {
  description = "For role-to-assume in the workflow."
  value       = aws_iam_role.audit.arn
}
