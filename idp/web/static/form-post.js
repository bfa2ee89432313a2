// Sends the form that carries an authorization response (OAuth 2.0 Form Post Response Mode, 2); the page has a button too.
document.forms[0].submit();
