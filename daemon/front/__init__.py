"""Front of house: the process where the page is served and the services are asked for; it starts when somebody comes."""
