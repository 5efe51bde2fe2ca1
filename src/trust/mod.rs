//! X.509: chains and the training CA.
