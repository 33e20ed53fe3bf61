"""AWS by EventBridge: CloudFormation, CodeDeploy, CodePipeline, CodeBuild, plain or in a notification of SNS."""
