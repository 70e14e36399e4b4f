# What is merged is in production minutes later.
variable "connection_arn" {
  description = "Connection to the Git host."
  type        = string
}

variable "role_arn" {
  description = "Role of the pipeline."
  type        = string
}

resource "aws_codepipeline" "shop" {
  name     = "shop"
  role_arn = var.role_arn

  artifact_store {
    type     = "S3"
    location = "shop-artifacts"
  }

  stage {
    name = "Source"

    action {
      name             = "Git"
      category         = "Source"
      owner            = "AWS"
      provider         = "CodeStarSourceConnection"
      version          = "1"
      output_artifacts = ["source"]

      configuration = {
        ConnectionArn    = var.connection_arn
        FullRepositoryId = "example/shop"
        BranchName       = "main"
      }
    }
  }

  stage {
    name = "Deploy-Prod"

    action {
      name            = "Stack"
      category        = "Deploy"
      owner           = "AWS"
      provider        = "CloudFormation"
      version         = "1"
      input_artifacts = ["source"]

      configuration = {
        ActionMode   = "CREATE_UPDATE"
        StackName    = "shop-api"
        TemplatePath = "source::template.yaml"
      }
    }
  }

  tags = {
    env = "prod"
  }
}
