# Everybody in operations can delete everything on any day.
resource "aws_iam_group" "operations" {
  name = "operations"
}

resource "aws_iam_group_policy_attachment" "administrator" {
  group      = aws_iam_group.operations.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

resource "aws_iam_group_policy_attachment" "read" {
  group      = aws_iam_group.operations.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}
