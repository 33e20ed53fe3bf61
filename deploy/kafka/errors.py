"""What can go wrong when Apache Kafka is run or its topics are made ready.

KafkaDeployError
├── KafkaJarsError      no Java, no Maven, or the jars could not be fetched
├── KafkaServerError    the server did not start, ended early, or is not there to be stopped
└── TopicMismatchError  a topic exists and is not what the registry says
"""


class KafkaDeployError(Exception):
    """Base of all errors of this package; the message says what was expected, what came, and what to do."""


class KafkaJarsError(KafkaDeployError):
    """Java, Maven or Kafka's jars are missing."""


class KafkaServerError(KafkaDeployError):
    """The server process did not do what was asked; the message ends with its log, if there is one."""


class TopicMismatchError(KafkaDeployError):
    """An existing topic differs from its specification in a way that is not changed without being asked."""
