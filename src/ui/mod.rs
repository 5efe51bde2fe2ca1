//! State → what the screens show, touches → commands.
