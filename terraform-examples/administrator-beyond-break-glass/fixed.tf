# Operations read on ordinary days and assume the role break-glass, with MFA, in an emergency.
resource "aws_iam_group" "operations" {
  name = "operations"
}

# The list is all that the group keeps.
resource "aws_iam_group_policy_attachments_exclusive" "operations" {
  group_name  = aws_iam_group.operations.name
  policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
}
