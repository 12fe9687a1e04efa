"""What people look at: the curator's desk and the bot's condition.

Server-rendered, and whole without JavaScript: every action is a form and a redirect. The one
script sends the same forms by fetch and swaps in the same pages. No inline script or style.
"""
